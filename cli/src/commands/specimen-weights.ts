import { relative, resolve } from "node:path";
import { readSpecimenFolder } from "@redline/daemon";
import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** Weights that come with every checkout, so that a digest in a report can be made again. */
export const DEFAULT_SEED = 1;

/** `redline specimen weights DIR`: tiny random weights and their near neighbour, the same bytes for the same seed. */
export async function specimenWeights(
  { terminal: { out }, cwd }: Context,
  dir: string,
  options: { json: boolean; seed: number },
): Promise<ExitCode> {
  const folder = resolve(cwd, dir);
  const before = await readSpecimenFolder(folder);
  const reasons = before.ok ? [] : before.problems.filter((problem) => !problem.startsWith("lacks its "));
  if (reasons.length > 0)
    throw new CliError(
      EXIT.usage,
      reasons.map((reason) => `${terminalLine(folder, 500)}: ${terminalLine(reason, 500)}`).join("\n"),
    );
  const { writeWeights } = await import("../specimen/write-weights.ts");
  const { neighbours, ...weights } = await writeWeights(folder, { seed: options.seed });
  const after = await readSpecimenFolder(folder);
  const specimen = after.ok ? { name: after.name, sha256: after.sha256 } : null;
  if (options.json)
    out.line(
      safeJson({ as_of: new Date().toISOString(), ...weights, neighbours, seed: options.seed, specimen }, 2),
    );
  else {
    for (const { path, sha256, written } of [weights, ...neighbours])
      out.line(
        `${terminalLine(relative(cwd, path) || path, 500)}: ${written ? "written" : "already there"}, sha256 ${sha256}`,
      );
    if (specimen !== null) out.line(`specimen ${specimen.name}: digest ${specimen.sha256}`);
  }
  if (!after.ok)
    throw new CliError(EXIT.usage, after.problems.map((problem) => terminalLine(problem, 500)).join("\n"));
  return EXIT.done;
}
