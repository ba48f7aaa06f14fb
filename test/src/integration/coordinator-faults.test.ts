import { describe, expect, it } from "vitest";
import { SHORT_PERIODS, startBench, startsOf, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { until } from "../kit/until.ts";

describe.concurrent("coordinator under faults", () => {
  it("tries a trial again on other nodes when its node falls silent", async () => {
    await using b = await startBench(SHORT_PERIODS, { runMs: Infinity, slots: 1 });
    const id = await b.submit(studyOf({ trials: 1 }));
    const first = await until("the trial runs", async () => {
      const trial = (await b.trialsOf(id))[0];
      return trial?.state === "running" ? trial : null;
    });
    const origin = first.attempts[0]?.devices.origin;
    for (const node of b.nodes) {
      node.runMs = 20;
      if (node.node === origin) node.goSilent();
    }
    const [trial] = await b.ended(id);
    expect(trial?.attempts.map((a) => a.fault)).toEqual(["node-lost", null]);
    expect(Object.values(trial?.attempts[1]?.devices ?? {})).not.toContain(origin);
    expect(trial?.state).toBe("done");
    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_trial_infra_faults_total{fault="node-lost"} 1');
    expect(page).toContain("redline_trial_retries_total 1");
  });

  it("loses and doubles nothing when it is killed in the middle and started again", async () => {
    await using b = await startBench({}, { runMs: 150 });
    const id = await b.submit(studyOf({ trials: 12 }));
    for (const moment of [1, 4, 8]) {
      await until(`${moment} placed`, async () => {
        const { records } = await b.coordinator.journal();
        return records.filter((r) => r.body.kind === "placed").length >= moment;
      });
      await b.coordinator.end("SIGKILL");
      await b.coordinator.start();
    }
    const trials = await b.ended(id);
    expect(statesOf(trials)).toEqual(trials.map(() => "done"));
    expect(trials.flatMap((t) => t.attempts)).toHaveLength(12);
    expect(new Set(startsOf(b.nodes)).size).toBe(startsOf(b.nodes).length);
    const { records, state } = await b.coordinator.journal();
    expect(state.epoch).toBe(4);
    const taken = records.flatMap(({ body }) =>
      body.kind === "node-record" ? [`${body.node} ${body.seq}`] : [],
    );
    expect(new Set(taken).size).toBe(taken.length);
  });

  it("goes on when the NATS server is killed and started again on its store", async () => {
    await using b = await startBench(SHORT_PERIODS, { runMs: 300 });
    const id = await b.submit(studyOf({ trials: 8 }));
    await until("two run", () => startsOf(b.nodes).length >= 2);
    await b.nats.kill();
    expect((await b.coordinator.get("/healthz")).status).toBe(200);
    await until("not ready", async () => (await b.coordinator.get("/readyz")).status === 503);
    // Longer than a lease: what was silent only because the bus was away must not count as lost.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    await b.nats.start();
    const trials = await b.ended(id);
    expect(statesOf(trials)).toEqual(trials.map(() => "done"));
    expect(trials.flatMap((t) => t.attempts.map((a) => a.fault))).toEqual(trials.map(() => null));
    expect((await b.coordinator.get("/metrics")).text).toContain("redline_nats_reconnects_total 1");
  });

  it("drops a record in another node's name and one it cannot read", async () => {
    await using b = await startBench({}, { runMs: 400 });
    const id = await b.submit(studyOf({ trials: 1 }));
    const running = await until("the trial runs", async () => {
      const trial = (await b.trialsOf(id))[0];
      return trial?.state === "running" ? trial : null;
    });
    const attempt = running.attempts[0];
    const outsider = b.nodes.find((n) => !Object.values(attempt?.devices ?? {}).includes(n.node));
    if (attempt === undefined || outsider === undefined) throw new Error("no outsider");
    const key = { trial: running.trial, attempt: 1, epoch: attempt.epoch };
    const ending = {
      kind: "attempt-ended",
      outcome: "infra",
      fault: "unexpected",
      detail: "forged",
    } as const;
    const { origin } = attempt.devices;
    await outsider.publishRaw(`redline.v1.evt.${outsider.node}`, outsider.craft(ending, origin, key, 999));
    await outsider.publishRaw(`redline.v1.evt.${outsider.node}`, "not json");
    // In its own name, of an attempt in which it has no part: kept, and without effect.
    outsider.write(ending, key);
    outsider.write({ kind: "lost", device: "target", detail: "forged" }, key);
    const [trial] = await b.ended(id);
    expect(trial?.state).toBe("done");
    expect(trial?.attempts).toHaveLength(1);
    await until("counted", async () =>
      (await b.coordinator.get("/metrics")).text.includes('redline_records_total{result="malformed"} 2'),
    );
    expect((await b.coordinator.journal()).lines.join("\n")).not.toContain('\\"seq\\":999');
  });

  it("does not count nodes as lost that it could not hear while it was frozen itself", async () => {
    await using b = await startBench(SHORT_PERIODS, { runMs: 5000 });
    const id = await b.submit(studyOf({ trials: 2 }));
    await until("two run", async () => (await b.trialsOf(id)).every((t) => t.state === "running"));
    b.coordinator.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 4000));
    b.coordinator.signal("SIGCONT");
    const trials = await b.ended(id);
    expect(statesOf(trials)).toEqual(["done", "done"]);
    expect(trials.flatMap((t) => t.attempts)).toHaveLength(2);
  });

  it("ends on SIGTERM while the NATS server is away", async () => {
    await using b = await startBench();
    await b.nats.kill();
    await until("not ready", async () => (await b.coordinator.get("/readyz")).status === 503);
    expect(await b.coordinator.end("SIGTERM")).toBe(0);
  });
});
