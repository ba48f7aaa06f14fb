import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { addNode } from "../lab-folder/add-node.ts";
import { labPaths } from "../lab-folder/lab-paths.ts";
import { labDirOf, readLab } from "../lab-folder/read-lab.ts";
import { reloadServer, RELOAD_BY_HAND } from "../lab-folder/reload-server.ts";
import { writeLab } from "../lab-folder/write-lab.ts";
import { safeJson } from "../terminal/safe-json.ts";

export interface NodeAddOptions {
  readonly json: boolean;
  readonly lab?: string | undefined;
  readonly address?: string | undefined;
  readonly publicKey?: string | undefined;
}

/** `redline node add NAME`: a login on the bus, a place in lab.json and a folder to take to the machine. */
export async function nodeAdd(context: Context, name: string, options: NodeAddOptions): Promise<ExitCode> {
  const { out } = context.terminal;
  const dir = labDirOf(context, options.lab);
  const { address, publicKey } = options;
  const lab = await addNode(dir, await readLab(dir), { name, address, publicKey }, new Date().toISOString());
  await writeLab(dir, lab);
  const reloaded = await reloadServer(lab);
  const folder = labPaths(dir).node(name).dir;
  if (options.json) {
    out.line(safeJson({ node: name, folder, server_told: reloaded.told }, 2));
    return EXIT.done;
  }
  out.line(`${name} belongs to the lab; copy ${terminalLine(folder, 300)}/* to /etc/redline of its machine`);
  if (address === undefined) out.line("fill REDLINE_ADVERTISE in its node.env in: the machine's own address");
  if (reloaded.told) out.line(`${reloaded.program} (process ${reloaded.pid}) was told`);
  else out.line(RELOAD_BY_HAND);
  out.line(
    "a coordinator reads lab.json again by itself where its REDLINE_NODES_FILE is in this folder; else copy it there.",
  );
  return EXIT.done;
}
