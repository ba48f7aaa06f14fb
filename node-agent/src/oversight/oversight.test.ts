import {
  approvalsSchema,
  attemptKeySchema,
  type InterventionAct,
  type NodeRecordBody,
} from "@redline/shared";
import { expect, it } from "vitest";
import type { BrainReply } from "../brains/brain.ts";
import { openOversight } from "./oversight.ts";

const key = attemptKeySchema.parse({ trial: "s-0000-001", attempt: 1, epoch: 1 });
const NEVER = new AbortController().signal;

/** Any member that a reply has besides what the policy looks at must come through. */
const replyOf = (command: string): BrainReply => ({
  usage: { promptTokens: 3, completionTokens: 4 },
  waitedMs: 5,
  text: "I go on.",
  toolCalls: [{ id: "1", name: "run_command", arguments: JSON.stringify({ command }) }],
});

function opened(rules: [string, "auto" | "ask" | "deny" | "stop"][] = [], askS = 60, mostHeldMs?: number) {
  const records: NodeRecordBody[] = [];
  const delivered: string[] = [];
  const ending = new AbortController();
  const agent = { runs: true };
  const approvals =
    rules.length === 0
      ? undefined
      : approvalsSchema.parse({ rules: rules.map(([pattern, what]) => ({ pattern, do: what })), askS });
  const oversight = openOversight({
    order: { key, ...(approvals === undefined ? {} : { approvals }) },
    log: { write: (body) => Promise.resolve(records.push(body)) },
    signal: ending.signal,
    running: () => agent.runs,
    mostHeldMs,
    deliver: (text) =>
      text === "unheard" ? Promise.reject(new Error("HTTP 500")) : Promise.resolve(void delivered.push(text)),
  });
  const act = (what: InterventionAct) => oversight.intervene({ who: "ann", why: "of a test", act: what });
  const approvalsOf = () =>
    records.flatMap((body) => (body.kind === "approval" ? [[body.id, body.decision, body.who]] : []));
  return { oversight, records, delivered, ending, agent, act, approvalsOf };
}

/** Whether a promise is still open after everything that was ready has run. */
async function waits(work: Promise<unknown>): Promise<boolean> {
  const late = new Promise((resolve) => setImmediate(() => resolve("late")));
  return (await Promise.race([work.then(() => "done"), late])) === "late";
}

it("lets everything pass without a policy, and journals nothing of it", async () => {
  const { oversight, records } = opened();
  await oversight.gate.open(NEVER);
  expect(await oversight.gate.review(replyOf("rm -rf /"), NEVER)).toEqual({ do: "pass" });
  expect(records).toEqual([]);
});

it("puts a plain answer without calls in place of what the policy denies, and says by whom", async () => {
  const { oversight, approvalsOf } = opened([["rm", "deny"]]);
  const review = await oversight.gate.review(replyOf("rm x"), NEVER);
  const text = "The operator did not allow this action; nothing of it was carried out.";
  expect(review).toEqual({ do: "replace", reply: { ...replyOf("rm x"), text, toolCalls: [] } });
  expect(await oversight.gate.review(replyOf("ls"), NEVER)).toEqual({ do: "pass" });
  expect(approvalsOf()).toEqual([["q1", "deny", "policy"]]);
});

it("stops, even while the attempt is paused", async () => {
  const { oversight, act, approvalsOf } = opened([["rm", "stop"]]);
  await act({ do: "pause" });
  expect(await oversight.gate.review(replyOf("rm x"), NEVER)).toMatchObject({ do: "stop" });
  expect(approvalsOf()).toEqual([["q1", "stop", "policy"]]);
});

it("holds an answer until a person decides, each question once", async () => {
  const { oversight, act, approvalsOf, records } = opened([["rm", "ask"]]);
  const [first, second] = ["rm x", "rm y"].map((command) => oversight.gate.review(replyOf(command), NEVER));
  expect(await waits(Promise.race([first, second]))).toBe(true);
  expect(await act({ do: "decide", id: "q7", allow: true })).toEqual({
    done: false,
    why: "no question q7 waits for an answer",
  });
  const answers = await Promise.all([
    act({ do: "decide", id: "q2", allow: false }),
    act({ do: "decide", id: "q2", allow: true }),
  ]);
  expect(answers.map(({ done }) => done)).toEqual([true, false]);
  expect(await second).toMatchObject({ do: "replace" });
  expect(await act({ do: "decide", id: "q1", allow: true })).toEqual({ done: true, why: "" });
  // The person is told when it is on the journal.
  expect(records.at(-1)).toMatchObject({ kind: "approval", decision: "allow", who: "ann" });
  expect(await first).toEqual({ do: "pass" });
  expect(approvalsOf()).toEqual([
    ["q1", "asked", "policy"],
    ["q2", "asked", "policy"],
    ["q2", "deny", "ann"],
    ["q1", "allow", "ann"],
  ]);
  expect(records.filter(({ kind }) => kind === "intervened")).toHaveLength(2);
});

it("denies in nobody's name when the time for an answer is over", async () => {
  const { oversight, act, approvalsOf } = opened([["rm", "ask"]], 1);
  expect(await oversight.gate.review(replyOf("rm x"), NEVER)).toMatchObject({ do: "replace" });
  expect(approvalsOf().at(-1)).toEqual(["q1", "deny", "nobody"]);
  expect((await act({ do: "decide", id: "q1", allow: true })).done).toBe(false);
});

it("holds questions and answers back while it is paused", async () => {
  const { oversight, act, records } = opened([["rm", "ask"]]);
  const review = oversight.gate.review(replyOf("rm x"), NEVER);
  expect(await waits(review)).toBe(true);
  expect(await act({ do: "pause" })).toEqual({ done: true, why: "" });
  expect(await act({ do: "pause" })).toEqual({ done: false, why: "the agent is paused already" });
  const question = oversight.gate.open(NEVER);
  expect((await act({ do: "decide", id: "q1", allow: true })).done).toBe(true);
  expect(await waits(Promise.race([review, question]))).toBe(true);
  expect(oversight.paused).toBe(true);
  await act({ do: "resume" });
  expect(await review).toEqual({ do: "pass" });
  await question;
  expect((await act({ do: "resume" })).done).toBe(false);
  expect(records.flatMap((body) => (body.kind === "intervened" ? [body.act.do] : []))).toEqual([
    ...["pause", "decide", "resume"],
  ]);
});

it("ends what waits with the broker's signal, and does nothing to an attempt that is over", async () => {
  const { oversight, act, ending, records } = opened([["rm", "ask"]]);
  const broker = new AbortController();
  const review = oversight.gate.review(replyOf("rm x"), broker.signal);
  await waits(review);
  await act({ do: "pause" });
  const question = oversight.gate.open(broker.signal);
  const over = new Error("the run is over");
  broker.abort(over);
  await expect(review).rejects.toBe(over);
  await expect(question).rejects.toBe(over);
  await expect(oversight.gate.open(broker.signal)).rejects.toBe(over);
  expect((await act({ do: "decide", id: "q1", allow: true })).done).toBe(false);
  ending.abort();
  const before = records.length;
  expect(await act({ do: "message", text: "hello" })).toEqual({ done: false, why: "the attempt is over" });
  expect(records).toHaveLength(before);
});

it("journals a message before the agent can have it, and says when the agent did not take it", async () => {
  const { act, delivered, records, agent } = opened();
  expect((await act({ do: "message", text: "well done" })).done).toBe(true);
  expect(delivered).toEqual(["well done"]);
  expect(await act({ do: "message", text: "unheard" })).toEqual({
    done: false,
    why: "the agent did not take the message: HTTP 500",
  });
  // It may have reached the agent: the trial counts as interfered with. One to nobody marks nothing.
  agent.runs = false;
  expect(await act({ do: "message", text: "too late" })).toEqual({
    done: false,
    why: "the agent does not run now",
  });
  expect(records.filter(({ kind }) => kind === "intervened")).toHaveLength(2);
});

it("lets people hold an agent for a time that is bounded over all pauses and questions", async () => {
  const { oversight, act, records, approvalsOf } = opened([["rm", "ask"]], 60, 300);
  await act({ do: "pause" });
  const started = performance.now();
  await oversight.gate.open(NEVER);
  expect(performance.now() - started).toBeGreaterThan(250);
  expect(oversight.paused).toBe(false);
  expect(records.at(-1)).toMatchObject({ kind: "intervened", who: "nobody", act: { do: "resume" } });
  const usedUp = "the time in which people may hold this attempt is used up";
  expect(await act({ do: "pause" })).toEqual({ done: false, why: usedUp });
  expect(await oversight.gate.review(replyOf("rm x"), NEVER)).toMatchObject({ do: "replace" });
  expect(approvalsOf()).toEqual([
    ["q1", "asked", "policy"],
    ["q1", "deny", "nobody"],
  ]);
  expect(records.at(-1)).toMatchObject({ why: `nobody answered, and ${usedUp}` });
});

it("counts what a question took against a later pause", async () => {
  const { oversight, act } = opened([["rm", "ask"]], 60, 400);
  expect(await oversight.gate.review(replyOf("rm x"), NEVER)).toMatchObject({ do: "replace" });
  expect((await act({ do: "pause" })).done).toBe(false);
  await oversight.gate.open(NEVER);
});
