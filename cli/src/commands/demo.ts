import { fileURLToPath } from "node:url";
import { readSpecimenFolder } from "@redline/daemon";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { runStudy, type RunOutcome } from "../run/run-study.ts";
import { duration } from "../terminal/duration.ts";
import { DEFAULT_SEED } from "./specimen-weights.ts";

const inCheckout = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** `redline demo`: the control study in a lab, from nothing to checked verdicts. */
export async function demoCommand(
  context: Context,
  options: { json: boolean; state?: string | undefined },
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const folder = inCheckout("studies/specimens/tiny");
  const { writeWeights } = await import("../specimen/write-weights.ts");
  const weights = await writeWeights(folder, { seed: DEFAULT_SEED });
  const specimen = await readSpecimenFolder(folder);
  if (!specimen.ok) throw new CliError(EXIT.usage, `${folder}: ${specimen.problems.join("; ")}`);
  err.line(
    `redline ${context.version}, Node ${process.versions.node}; weights ${weights.written ? "written" : "already there"}, specimen ${specimen.sha256.slice(0, 12)}`,
  );
  const outcome = await runStudy(context, { file: inCheckout("studies/demo.yaml"), ...options });
  // Of a run that was broken off nothing can be said about its verdicts.
  if (outcome.results === null || outcome.code === EXIT.interrupted) return outcome.code;
  const say = options.json ? err : out;
  say.line(
    `demo     lab up in ${duration(outcome.labUpMs)}, ${trialsOf(outcome)} trials, all in ${duration(outcome.elapsedMs)} (redline ${context.version}, Node ${process.versions.node})`,
  );
  const { right, expected } = controlVerdicts(outcome);
  say.line(
    right === expected
      ? say.paint.good(`every verdict is the known right one: ${right} of ${expected}`)
      : say.paint.bad(`NOT every verdict is the known right one: ${right} of ${expected}`),
  );
  return outcome.code === EXIT.done && right < expected ? EXIT.unexpected : outcome.code;
}

const trialsOf = ({ results }: RunOutcome) => results?.arms.reduce((sum, arm) => sum + arm.trials, 0) ?? 0;

/** A trial without its end has no right verdict either: the demo counts what it is sure of. */
function controlVerdicts({ results }: RunOutcome): { right: number; expected: number } {
  if (results === null) return { right: 0, expected: 1 };
  const without = results.arms.reduce((sum, arm) => sum + arm.profiles.reduce((n, p) => n + p.without, 0), 0);
  const wrong = results.surprises.filter((s) => s.got !== null).length;
  return { right: Math.max(0, results.expected - wrong - without), expected: results.expected };
}
