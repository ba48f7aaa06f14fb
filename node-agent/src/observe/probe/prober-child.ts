import { createInterface } from "node:readline";
import { askOriginal } from "../../brains/self/ask-original.ts";
import { askList } from "../../identity/ask-list.ts";
import { serverAt } from "../../identity/canary-server.ts";
import { scoreList } from "../../identity/score-list.ts";
import { askCandidate } from "./ask-candidate.ts";
import type { ProberJob, ProberLine, ProberOrder } from "./prober-job.ts";
import { putOnce } from "./put-once.ts";

/**
 * Process entry of a cell's prober. Runs in the cell's network namespace only: its PID and mount namespaces are the daemon's, so
 * that the agent can neither see nor reach it. Jobs come on stdin and results leave on stdout, a line of JSON each; jobs run side
 * by side and keep nothing for the next. A job ends when all of it is asked or its plan's time is up. Ends with its stdin.
 */
const underWay = new Map<number, AbortController>();

const isOrder = (value: unknown): value is ProberOrder =>
  typeof value === "object" && value !== null && "id" in value;
const say = (line: ProberLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);

const orders = createInterface({ input: process.stdin, crlfDelay: Infinity });
orders.on("line", (text) => {
  const order: unknown = JSON.parse(text);
  // The daemon that started this process writes the orders: nothing of them comes from the cell.
  if (!isOrder(order)) throw new Error("no order on stdin");
  const { id, job } = order;
  if (job === undefined) {
    underWay.get(id)?.abort();
    return;
  }
  const given = new AbortController();
  underWay.set(id, given);
  const over = (why: string) => {
    underWay.delete(id);
    say({ id, over: why });
  };
  void run(job, given.signal, (result) => say({ id, result })).then(
    () => over(""),
    (error: unknown) => over(error instanceof Error ? error.message : String(error)),
  );
});
orders.on("close", () => process.exit(0));

async function run(job: ProberJob, givenUp: AbortSignal, onResult: (result: unknown) => void): Promise<void> {
  switch (job.do) {
    case "once":
      onResult(await putOnce(job.plan, givenUp));
      return;
    case "self":
      onResult(await askOriginal(job.plan, givenUp));
      return;
    case "ports": {
      const { candidates, limits } = job.plan;
      const total = AbortSignal.any([givenUp, AbortSignal.timeout(limits.totalMs)]);
      // All of them to their ends: none may go on when the job is said to be over.
      const asked = await Promise.allSettled(
        candidates.map(async (candidate) => {
          for await (const probe of askCandidate(candidate, limits, total)) onResult(probe);
        }),
      );
      for (const one of asked) if (one.status === "rejected") throw one.reason;
      return;
    }
    case "canaries": {
      const { plan } = job;
      const total = AbortSignal.any([givenUp, AbortSignal.timeout(plan.totalMs)]);
      const ask = await serverAt(plan, total);
      const results =
        plan.do === "ask"
          ? askList(ask, plan.questions, plan.maxTokens, total)
          : scoreList(ask, plan.answers, total);
      for await (const result of results) onResult(result);
    }
  }
}
