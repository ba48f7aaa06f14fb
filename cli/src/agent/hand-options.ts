import type { Context } from "../context.ts";
import { readBrainOption } from "./brain-option.ts";
import { findSpecimen } from "./hand-specimen.ts";
import { readScaffold, type ScaffoldOptions } from "./scaffold-option.ts";
import type { ByHandRequest } from "./by-hand.ts";

/** Options that chat, run and prompt have in common. */
export interface HandOptions extends ScaffoldOptions {
  readonly specimen?: string | undefined;
  readonly brain: string;
  readonly keyFile?: string | undefined;
  /** False with `--no-ports`. */
  readonly ports: boolean;
  /** Seconds. */
  readonly time: number;
  readonly turns: number;
}

/** The parts of a request that come from these options. @throws CliError for each that cannot be used. */
export async function readHandOptions(
  { cwd }: Pick<Context, "cwd">,
  options: HandOptions,
  task: string,
): Promise<Pick<ByHandRequest, "specimenDir" | "brain" | "order">> {
  const scaffold = readScaffold(options);
  const brain = await readBrainOption(options.brain, { cwd, keyFile: options.keyFile });
  const { dir, specimen } = await findSpecimen(cwd, options.specimen);
  const { ports, time: timeS, turns } = options;
  return { specimenDir: dir, brain, order: { specimen: specimen.name, scaffold, task, ports, timeS, turns } };
}
