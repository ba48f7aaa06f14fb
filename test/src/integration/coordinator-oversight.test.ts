import { changeReplySchema, controlAnswerSchema, stopReplySchema, type StudyId } from "@redline/shared";
import { expect, it } from "vitest";
import { startBench, startsOf, statesOf, studyOf, type CoordinatorBench } from "../kit/coordinator-bench.ts";
import { until } from "../kit/until.ts";

const BY = { who: "ann", why: "of a test" };

const studyIn = async (b: CoordinatorBench, id: StudyId) => {
  const study = (await b.coordinator.journal()).state.studies.get(id);
  if (study === undefined) throw new Error("no study");
  return study;
};
const post = (b: CoordinatorBench, path: string, body: object) => b.coordinator.post(`/api/${path}`, body);
const problemsOf = async (b: CoordinatorBench, path: string, body: object) => {
  const { status, text } = await post(b, path, body);
  return `${status} ${text.trim()}`;
};

it.concurrent(
  "pauses a study whose budget is used up, over a restart too, and resumes it when the budget is raised",
  async () => {
    await using b = await startBench({}, { slots: 1, runMs: 50 });
    for (const node of b.nodes) node.tokens = 1000;
    // Three places at once: each of those that run may go over by its own limits.
    const id = await b.submit(
      studyOf({ trials: 12, scenario: "local-copy", more: { budget: { tokens: 2500 } } }),
    );
    const paused = await until("paused and quiet", async () => {
      const study = await studyIn(b, id);
      const busy = (await b.trialsOf(id)).some(({ state }) => state !== "waiting" && state !== "done");
      return study.paused !== null && !busy && study;
    });
    expect(paused.paused?.who).toBe("budget");
    expect(paused.paused?.why).toMatch(/tokens: \d+ of 2500/);
    const first = startsOf(b.nodes).length;
    // The pass that sees the third exchange may have placed what two others left room for.
    expect(first).toBeGreaterThanOrEqual(3);
    expect(first).toBeLessThanOrEqual(5);
    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_studies_paused{by="budget"} 1');
    expect(page).toContain(`redline_budget_used_ratio{budget="tokens"} ${(first * 1000) / 2500}\n`);
    expect(page).toContain(`redline_brain_tokens_total{kind="prompt"} ${first * 999}`);

    expect(await b.coordinator.end("SIGKILL")).toBeNull();
    await b.coordinator.start();
    await until("nodes are back", async () =>
      (await b.coordinator.get("/metrics")).text.includes('redline_nodes{state="ready"} 3'),
    );
    expect(await problemsOf(b, `studies/${id}/resume`, BY)).toMatch(/^409 .*the budget is used up.*raise it/);
    expect(startsOf(b.nodes)).toHaveLength(first);

    const raised = await post(b, `studies/${id}/change`, { ...BY, budget: { tokens: 12_000 } });
    expect(changeReplySchema.parse(JSON.parse(raised.text))).toEqual({ study: id, paused: false });
    expect(statesOf(await b.ended(id))).toEqual(Array.from({ length: 12 }, () => "done"));
    const study = await studyIn(b, id);
    expect(study.changes.map(({ who }) => who)).toEqual(["budget", "ann", "budget"]);
    expect(study.changes[1]?.what).toBe("budget.tokens 2500 -> 12000: of a test");
    expect(new Set(startsOf(b.nodes)).size).toBe(12);
  },
);

it.concurrent("leaves a study that a person paused to that person, whatever the budget", async () => {
  await using b = await startBench({ REDLINE_UNPLACEABLE_MS: "100" }, { slots: 1, runMs: 50 });
  for (const node of b.nodes) node.tokens = 1000;
  const id = await b.submit(studyOf({ trials: 9, scenario: "local-copy", more: { budget: { tokens: 1 } } }));
  await until("paused", async () => (await studyIn(b, id)).paused?.who === "budget");
  const taken = await post(b, `studies/${id}/pause`, BY);
  expect(changeReplySchema.parse(JSON.parse(taken.text)).paused).toBe(true);
  expect(await problemsOf(b, `studies/${id}/pause`, BY)).toMatch(/^409 .*ann has paused the study already/);
  const raised = await post(b, `studies/${id}/change`, { ...BY, budget: { tokens: null } });
  expect(changeReplySchema.parse(JSON.parse(raised.text)).paused).toBe(true);
  const before = startsOf(b.nodes).length;
  // Another study runs to its end meanwhile: the first one is held back by its pause and by nothing else.
  const other = await b.submit(studyOf({ trials: 3, scenario: "local-copy" }));
  await b.ended(other);
  expect(startsOf(b.nodes)).toHaveLength(before + 3);
  expect((await studyIn(b, id)).endedAt).toBeNull();
  const resumed = await post(b, `studies/${id}/resume`, BY);
  expect(changeReplySchema.parse(JSON.parse(resumed.text)).paused).toBe(false);
  expect(statesOf(await b.ended(id))).toEqual(Array.from({ length: 9 }, () => "done"));
  expect(await problemsOf(b, `studies/${id}/resume`, BY)).toMatch(/^409 .*has ended/);
});

it.concurrent("gives changed limits to attempts that are placed from then on", async () => {
  await using b = await startBench({}, { slots: 1, runMs: Infinity });
  const id = await b.submit(studyOf({ trials: 4, scenario: "local-copy" }));
  await until(
    "three run",
    async () => (await b.trialsOf(id)).filter((t) => t.state === "running").length === 3,
  );
  const change = { ...BY, limits: { timeS: 300, turns: 7, tokens: 900 } };
  expect((await post(b, `studies/${id}/change`, change)).status).toBe(200);
  for (const node of b.nodes) node.runMs = 20;
  const [first] = await b.trialsOf(id);
  const cancelled = await post(b, `trials/${first?.trial ?? ""}/cancel`, BY);
  expect(stopReplySchema.parse(JSON.parse(cancelled.text))).toMatchObject({ silent: [], cancelledTrials: 1 });
  const last = await until("the fourth was placed", async () => (await b.trialsOf(id))[3]?.attempts[0]);
  expect(last.orderedLimits).toMatchObject({ timeS: 300, turns: 7, tokens: 900 });
  const orders = await until("its order came", () => {
    const all = b.nodes.flatMap((node) => [...node.orders.values()]);
    return all.length === 4 && all;
  });
  expect(orders.map(({ limits }) => [limits.timeS, limits.turns, limits.tokens]).toSorted()).toEqual([
    [120, 30, undefined],
    [120, 30, undefined],
    [120, 30, undefined],
    [300, 7, 900],
  ]);
  expect((await studyIn(b, id)).changes[0]).toMatchObject({
    who: "ann",
    what: "limits.timeS 120 -> 300, limits.turns 30 -> 7, limits.tokens none -> 900: of a test",
  });
  // The cancelled trial alone is over; its study goes on without it.
  await until("the fourth is done", async () => (await b.trialsOf(id))[3]?.state === "done");
  expect(statesOf(await b.trialsOf(id))).toEqual(["cancelled", "running", "running", "done"]);
  expect((await b.trialsOf(id))[0]?.why).toBe("cancelled by ann: of a test");
  expect(await problemsOf(b, `trials/${first?.trial ?? ""}/cancel`, BY)).toMatch(/^409 .*is over already/);
});

it.concurrent(
  "refuses changes that make no sense, naming the field, and writes none of them down",
  async () => {
    await using b = await startBench({}, { runMs: Infinity });
    const openai = { provider: "openai", baseUrl: "http://127.0.0.1:9/v1", model: "big" };
    const id = await b.submit(studyOf({ trials: 1, brain: openai }));
    const change = (more: object) => problemsOf(b, `studies/${id}/change`, { ...BY, ...more });
    expect(await change({ limits: { timeS: 0 } })).toMatch(/^422 .*limits\.timeS: /);
    expect(await change({ limits: { timeS: null } })).toMatch(/^422 .*limits\.timeS: .*not taken away/);
    expect(await change({ limits: { colour: 3 } })).toMatch(/^422 .*limits: .*colour/);
    expect(await change({ limits: { turns: "many" } })).toMatch(/^422 .*limits\.turns: /);
    expect(await change({ budget: { tokens: 1.5 } })).toMatch(/^422 .*budget\.tokens: /);
    expect(await change({ budget: { costUsd: 1 } })).toMatch(/^422 .*budget\.costUsd: .*no price.*competent/);
    expect(await change({ budget: { tokens: null } })).toMatch(/^409 .*how they are already/);
    expect(await change({})).toMatch(/^409 /);
    expect(await change({ who: "budget", limits: { turns: 3 } })).toMatch(/^422 .*who: /);
    expect(await change({ why: " ", limits: { turns: 3 } })).toMatch(/^422 .*why: /);
    expect(await problemsOf(b, "studies/none-0000/change", BY)).toMatch(/^404 /);
    expect(await problemsOf(b, "studies/%00/pause", BY)).toMatch(/^404 /);
    const refused = await post(
      b,
      "studies",
      studyOf({ trials: 1, brain: openai, more: { budget: { costUsd: 2 } } }),
    );
    expect([refused.status, refused.text]).toEqual([
      422,
      expect.stringContaining("budget.costUsd: prices give no"),
    ]);
    expect((await studyIn(b, id)).changes).toEqual([]);
  },
);

it.concurrent(
  "brings what people do to the origin's node once, and says when that does not answer",
  async () => {
    await using b = await startBench({ REDLINE_LEASE_MS: "60000" }, { slots: 1, runMs: Infinity });
    for (const node of b.nodes) node.asks = "scp \u001b[2J a target:";
    const id = await b.submit(studyOf({ trials: 1, scenario: "local-copy" }));
    const trial = await until("it asks", async () => {
      const [one] = await b.trialsOf(id);
      return one?.attempts[0]?.approvals.get("q1")?.decision === "asked" && one;
    });
    const act = (what: object, more: object = {}) =>
      post(b, `trials/${trial.trial}/intervene`, { ...BY, ...more, act: what });
    await until("the question is counted", async () =>
      (await b.coordinator.get("/metrics")).text.includes("redline_approvals_waiting 1"),
    );
    expect((await act({ do: "decide", id: "q2", allow: true })).text).toContain("no question q2");
    const paused = await act({ do: "pause" });
    expect(controlAnswerSchema.parse(JSON.parse(paused.text))).toMatchObject({ done: true });
    const denied = await act({ do: "decide", id: "q1", allow: false });
    expect(controlAnswerSchema.parse(JSON.parse(denied.text)).done).toBe(true);
    await until("the decision is on the journal", async () => {
      const attempt = (await b.trialsOf(id))[0]?.attempts[0];
      return attempt?.interfered.length === 1 && attempt.paused;
    });
    expect((await act({ do: "decide", id: "q1", allow: true })).text).toContain(
      "decided already: deny by ann",
    );
    expect((await act({ do: "message", text: "" })).status).toBe(422);
    expect((await act({ do: "resume" }, { who: "nobody" })).status).toBe(422);

    const origin = b.nodes.find(({ node }) => node === trial.attempts[0]?.devices.origin);
    if (origin === undefined) throw new Error("no origin");
    origin.answersActs = false;
    const late = await act({ do: "message", text: "are you there?" });
    expect([late.status, late.text]).toEqual([504, expect.stringContaining("did not answer within 10 s")]);
    const { records } = await b.coordinator.journal();
    const ordered = records.flatMap(({ body }) =>
      body.kind === "intervention-ordered" ? [`${body.act.do} by ${body.who}`] : [],
    );
    expect(ordered).toEqual(["pause by ann", "decide by ann", "message by ann"]);
    expect(origin.acts.map(({ act: { do: what } }) => what).slice(0, 2)).toEqual(["pause", "decide"]);

    const cancelled = await post(b, `trials/${trial.trial}/cancel`, BY);
    expect(cancelled.status).toBe(200);
    expect((await act({ do: "pause" })).text).toContain("is over already: cancelled");
    expect(await problemsOf(b, "trials/none-0000-001/intervene", { ...BY, act: { do: "pause" } })).toMatch(
      /^404 /,
    );
    await until("no question waits", async () =>
      (await b.coordinator.get("/metrics")).text.includes("redline_approvals_waiting 0"),
    );
  },
);
