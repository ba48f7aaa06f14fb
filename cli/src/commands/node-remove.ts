import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { labDirOf, readLab } from "../lab-folder/read-lab.ts";
import { reloadServer, RELOAD_BY_HAND } from "../lab-folder/reload-server.ts";
import { writeLab } from "../lab-folder/write-lab.ts";
import { orderedBy } from "../run/order-stop.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface NodeRemoveOptions {
  readonly json: boolean;
  readonly lab?: string | undefined;
  readonly why: string;
}

/**
 * `redline node remove NAME`: its login is revoked and its connection ends; its attempts are lost and tried elsewhere. Exit code 4 while
 * the server was not told: until then the node is still on the bus.
 */
export async function nodeRemove(
  context: Context,
  name: string,
  options: NodeRemoveOptions,
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const dir = labDirOf(context, options.lab);
  const lab = await readLab(dir);
  const node = lab.nodes.find((one) => one.name === name);
  if (node === undefined)
    throw new CliError(
      EXIT.usage,
      `no node of this name belongs to the lab; there are ${lab.nodes.map((n) => n.name).join(", ")}`,
    );
  // Done again where it was done before: the server may not have been told then.
  const revoked = node.revoked ?? {
    ...{ at: new Date().toISOString(), who: orderedBy().slice(0, 100), why: options.why.slice(0, 300) },
  };
  const after = { ...lab, nodes: lab.nodes.map((one) => (one === node ? { ...one, revoked } : one)) };
  await writeLab(dir, after);
  const reloaded = await reloadServer(after);
  if (options.json) out.line(safeJson({ node: name, revoked, server_told: reloaded.told }, 2));
  else {
    out.line(`${name} does not belong to the lab any more; its name is not given again`);
    if (reloaded.told)
      out.line(`${reloaded.program} (process ${reloaded.pid}) was told: it ends the node's connection now`);
    out.line(
      "its cells end by themselves when it hears no pulses (REDLINE_PULSE_LIMIT_MS); look at the machine before it is used for anything else.",
    );
  }
  if (reloaded.told) return EXIT.done;
  err.line(err.paint.bad(`${name} is still on the bus: ${RELOAD_BY_HAND}`));
  return EXIT.notSterile;
}
