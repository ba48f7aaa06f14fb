import { text } from "node:stream/consumers";
import { askList } from "./ask-list.ts";
import type { CanaryPlan } from "./canary-plan.ts";
import { serverAt } from "./canary-server.ts";
import { scoreList } from "./score-list.ts";

/**
 * Process entry, in the cell's network namespace as the prober is: one plan on stdin, a line of JSON for each canary or score in
 * the order of the plan. Ends when all is asked or the plan's total time is up; the daemon kills it soon after that.
 */
const isPlan = (value: unknown): value is CanaryPlan =>
  typeof value === "object" && value !== null && "do" in value && "totalMs" in value;

const plan: unknown = JSON.parse(await text(process.stdin));
// The daemon that started this process wrote the plan; what it holds of other servers is checked there and bounded.
if (!isPlan(plan)) throw new Error("no plan on stdin");

const total = AbortSignal.timeout(plan.totalMs);
const ask = await serverAt(plan, total);
const results =
  plan.do === "ask"
    ? askList(ask, plan.questions, plan.maxTokens, total)
    : scoreList(ask, plan.answers, total);
for await (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
