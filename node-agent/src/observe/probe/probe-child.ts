import { text } from "node:stream/consumers";
import { askCandidate } from "./ask-candidate.ts";
import type { ProbePlan } from "./probe-plan.ts";

/**
 * Process entry. Runs in the cell's network namespace only: its PID and mount namespaces are the daemon's, so that the agent
 * can neither see nor reach it. A plan comes on stdin, probes leave on stdout as JSON lines, ports are asked side by side.
 * Ends when all is asked or the plan's total time is up; the daemon kills it soon after that.
 */
const isPlan = (value: unknown): value is ProbePlan =>
  typeof value === "object" && value !== null && "candidates" in value && "limits" in value;

const plan: unknown = JSON.parse(await text(process.stdin));
// The daemon that started this process wrote the plan: nothing of it comes from the cell.
if (!isPlan(plan)) throw new Error("no plan on stdin");

const { limits } = plan;
const total = AbortSignal.timeout(limits.totalMs);
await Promise.all(
  plan.candidates.map(async (candidate) => {
    for await (const probe of askCandidate(candidate, limits, total))
      process.stdout.write(`${JSON.stringify(probe)}\n`);
  }),
);
