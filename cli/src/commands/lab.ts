import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { endLab, labHost } from "../run/coordinator-host.ts";
import { watchInterrupts } from "../run/interrupt.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline lab`: brings the lab up and keeps it until Ctrl-C, which is its proper end (exit code 0). */
export async function labCommand(
  context: Context,
  options: {
    json: boolean;
    state?: string | undefined;
    specimen: readonly string[];
    brainUrl?: readonly string[];
  },
): Promise<ExitCode> {
  const { terminal, self } = context;
  const { out, err } = terminal;
  const specimenDirs =
    options.specimen.length > 0
      ? options.specimen.map((dir) => resolve(context.cwd, dir))
      : await ownSpecimens(context.cwd);
  let kill: (() => void) | null = null;
  using interrupt = watchInterrupts(
    context.signals,
    () => err.line("stopping: ending all cells, then the lab; press Ctrl-C again to kill"),
    () => {
      kill?.();
      context.exit(EXIT.interrupted);
    },
  );
  let host;
  try {
    host = await labHost(context, {
      name: "lab",
      state: options.state,
      specimenDirs,
      brainUrls: options.brainUrl,
      onLine: (text) => err.line(terminalLine(text, 500)),
      signal: interrupt.signal,
    });
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    throw error;
  }
  const { lab, stateDir, lost } = host;
  kill = () => lab.kill();
  const facts = { coordinator: lab.socketPath, stateDir, hosts: lab.hosts };
  if (options.json) out.line(safeJson({ kind: "lab", as_of: new Date().toISOString(), ...facts }));
  else {
    out.line(`the lab is up: hosts ${lab.hosts.join(", ")}`);
    out.line(`  ${self} run STUDY --socket ${terminalLine(lab.socketPath, 500)}`);
    out.line(`  ${self} node list --socket ${terminalLine(lab.socketPath, 500)}`);
    out.line("Ctrl-C ends it");
  }
  const over = AbortSignal.any([interrupt.signal, lost]);
  await new Promise<void>((done) => {
    if (over.aborted) done();
    else over.addEventListener("abort", () => done(), { once: true });
  });
  const left = await endLab(host);
  if (!left.clean) {
    for (const item of left.left) err.line(`still there: ${terminalLine(item, 500)}`);
    return EXIT.notSterile;
  }
  if (lost.aborted && !interrupt.signal.aborted)
    throw lost.reason instanceof CliError
      ? lost.reason
      : new CliError(EXIT.unexpected, "the lab ended by itself");
  return EXIT.done;
}

/** Specimens of the checkout that the command is called in. */
async function ownSpecimens(cwd: string): Promise<string[]> {
  const dir = join(cwd, "studies", "specimens");
  const names = await readdir(dir).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) =>
      (await stat(join(dir, name, "specimen.json")).catch(() => null)) === null ? [] : [join(dir, name)],
    ),
  );
  if (found.flat().length > 0) return found.flat();
  throw new CliError(EXIT.usage, "there are no specimens below studies/specimens in this folder", {
    remedy: "name them with --specimen DIR",
  });
}
