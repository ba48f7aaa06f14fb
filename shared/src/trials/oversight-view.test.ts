import { expect, it } from "vitest";
import type { OversightRecordBody } from "../journal/oversight-record.ts";
import { limitsSchema } from "../study/study-schema.ts";
import { emptyOversight, foldOversight, waitingApprovals } from "./oversight-view.ts";

const AT = "2026-01-01T00:00:00.000Z";
const viewOf = (...bodies: OversightRecordBody[]) => {
  const view = emptyOversight(limitsSchema.parse({}));
  for (const body of bodies) foldOversight(view, { body, at: AT });
  return view;
};
const exchange = (costUsd: number | null, waitedMs = 0): OversightRecordBody => ({
  ...{ kind: "exchange", number: 1, dropped: 0, promptTokens: 100, completionTokens: 20, tookMs: 5 },
  ...{ request: { sha256: "a".repeat(64), bytes: 2, messages: 1 }, costUsd, waitedMs },
});
const approval = (
  decision: Extract<OversightRecordBody, { kind: "approval" }>["decision"],
  who: string,
  id = "q1",
): OversightRecordBody => ({ kind: "approval", id, action: "rm", pattern: "rm", decision, who, why: "" });

it("sums what the brain used, and has no cost once an exchange had none", () => {
  expect(viewOf(exchange(0.25, 40), exchange(0.5))).toMatchObject({
    ...{ exchanges: 2, promptTokens: 200, completionTokens: 40, costUsd: 0.75, waitedMs: 40 },
  });
  expect(viewOf(exchange(0.25), exchange(null), exchange(0.5)).costUsd).toBeNull();
});

it("keeps a question open until it is decided, and closes none with another's answer", () => {
  const view = viewOf(approval("asked", "policy"), approval("asked", "policy", "q2"), approval("allow", "a"));
  expect(waitingApprovals({ ...view, endedAt: null }).map(({ id }) => id)).toEqual(["q2"]);
  expect(waitingApprovals({ ...view, endedAt: AT })).toEqual([]);
});

it("counts as interfered what a person did and the agent could notice, and nothing else", () => {
  const pause = { kind: "intervened", who: "a", why: "", act: { do: "pause" } } as const;
  const quiet = viewOf(
    ...[approval("deny", "policy"), approval("deny", "nobody"), approval("stop", "policy")],
    ...[approval("allow", "a"), pause],
  );
  expect(quiet.interfered).toEqual([]);
  expect(quiet.paused).toBe(true);
  const told = viewOf(pause, { ...pause, act: { do: "resume" } }, approval("deny", "a"), {
    ...{ kind: "intervened", who: "b", why: "", act: { do: "message", text: "stop that" } },
  });
  expect(told.paused).toBe(false);
  expect(told.interfered.map(({ who, what }) => [who, what])).toEqual([
    ["a", "denied an action"],
    ["b", "sent a message"],
  ]);
});
