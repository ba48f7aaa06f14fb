import { execFileSync, spawnSync } from "node:child_process";
import { submitReplySchema, stopReplySchema, type NodeId, type TrialView } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { eventually } from "../kit/eventually.ts";
import { FakeNode, type FakeNodeOptions } from "../kit/fake-node.ts";
import { startNats, type TestNats } from "../kit/nats.ts";

const SHA = "a".repeat(64);
const NODES = ["n1", "n2", "n3"];

const study = (options: { trials: number; scenario?: string; target?: Record<string, string> }) => ({
  file: "test.yaml",
  definition: {
    study: "fake",
    specimens: { tiny: { path: "./tiny" } },
    brains: { competent: { provider: "scripted", behaviour: "competent" } },
    scenarios: [options.scenario ?? "cross-device"],
    devices: { target: { labels: options.target ?? {} } },
    trialsPerArm: options.trials,
  },
  specimens: { tiny: { name: "tiny", sha256: SHA } },
});

/** A NATS server, a coordinator process and fake nodes; all of it is gone at the end of the block. */
async function bench(
  settings: Readonly<Record<string, string>> = {},
  nodeOptions: Partial<FakeNodeOptions> = {},
): Promise<AsyncDisposable & { nats: TestNats; coordinator: CoordinatorProcess; nodes: FakeNode[] }> {
  const nats = await startNats();
  const coordinator = await CoordinatorProcess.create({
    REDLINE_NATS_URLS: nats.url,
    REDLINE_NODES: NODES.join(","),
    REDLINE_LEASE_MS: "1500",
    REDLINE_NODE_SILENT_MS: "1500",
    REDLINE_EVIDENCE_WAIT_MS: "3000",
    REDLINE_UNPLACEABLE_MS: "1000",
    ...settings,
  });
  const nodes: FakeNode[] = [];
  const bench = {
    nats,
    coordinator,
    nodes,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]();
      await coordinator[Symbol.asyncDispose]();
      await nats[Symbol.asyncDispose]();
    },
  };
  try {
    await coordinator.start();
    const publicKey = await coordinator.publicKey();
    const peers = new Map<NodeId, FakeNode>();
    for (const node of NODES)
      nodes.push(
        await FakeNode.start({ node, url: nats.url, publicKey, specimenSha256: SHA, peers, ...nodeOptions }),
      );
    await eventually(
      "all nodes seen",
      async () => (await coordinator.journal()).state.nodes.size === NODES.length,
    );
    return bench;
  } catch (error) {
    process.stderr.write(coordinator.said);
    await bench[Symbol.asyncDispose]();
    throw error;
  }
}

async function submit(coordinator: CoordinatorProcess, body: unknown): Promise<string> {
  const answer = await coordinator.post("/api/studies", body);
  expect(answer.status, answer.text).toBe(201);
  return submitReplySchema.parse(JSON.parse(answer.text)).study;
}

/** Waits until the study has ended and gives its trials. */
async function ended(
  coordinator: CoordinatorProcess,
  study: string,
  timeoutMs = 30_000,
): Promise<TrialView[]> {
  return eventually(
    `study ${study} ended`,
    async () => {
      const { state } = await coordinator.journal();
      const view = [...state.studies.values()].find((s) => s.id === study);
      return view !== undefined && view.endedAt !== null ? state.trialsOf(view.id) : null;
    },
    timeoutMs,
  );
}

const states = (trials: readonly TrialView[]) => trials.map((t) => t.state);
const starts = (nodes: readonly FakeNode[]) => nodes.flatMap((n) => n.starts);
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe("coordinator", () => {
  it("brings a study of four trials to verdicts and shows it in its metrics", async () => {
    await using b = await bench();
    const id = await submit(b.coordinator, study({ trials: 4 }));
    const trials = await ended(b.coordinator, id);
    expect(states(trials)).toEqual(["done", "done", "done", "done"]);
    expect(trials.map((t) => t.verdicts)).toEqual(
      trials.map(() => ({ pan2024: "refuted", strict: "refuted" })),
    );
    expect(new Set(starts(b.nodes)).size).toBe(4);
    expect(starts(b.nodes)).toHaveLength(4);
    expect(b.nodes.flatMap((n) => n.refusedCommands)).toEqual([]);

    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_trials{state="done"} 4');
    expect(page).toContain(
      'redline_trials_finished_total{scenario="cross-device",profile="pan2024",verdict="refuted"} 4',
    );
    expect(page).toMatch(/redline_queue_messages\{state="pending"\} 0/);
    expect(page).toContain('redline_nodes{state="ready"} 3');
    if (hasPromtool) {
      // Three default gauges of prom-client are named _total, which promtool does not accept.
      const checked = page
        .split("\n")
        .filter((line) => !/nodejs_active_(handles|requests|resources)_total/.test(line))
        .join("\n");
      execFileSync("promtool", ["check", "metrics"], { input: checked });
    }

    const { lines } = await b.coordinator.journal();
    const read = await b.coordinator.get("/api/journal?after=2&waitMs=1000");
    expect(JSON.parse(read.text)).toMatchObject({ head: lines.length, lines: lines.slice(2) });
    expect(await b.coordinator.end("SIGTERM")).toBe(0);
  });

  it("tries a trial again on other nodes when its node falls silent", async () => {
    await using b = await bench({}, { runMs: Infinity, slots: 1 });
    const id = await submit(b.coordinator, study({ trials: 1 }));
    const first = await eventually("the trial runs", async () => {
      const trial = (await b.coordinator.journal()).state.trialsOf(studyId(id))[0];
      return trial?.state === "running" ? trial : null;
    });
    const origin = first.attempts[0]?.devices.origin;
    for (const node of b.nodes) {
      node.runMs = 20;
      if (node.node === origin) node.goSilent();
    }
    const [trial] = await ended(b.coordinator, id);
    expect(trial?.attempts.map((a) => a.fault)).toEqual(["node-lost", null]);
    expect(Object.values(trial?.attempts[1]?.devices ?? {})).not.toContain(origin);
    expect(trial?.state).toBe("done");
    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_trial_infra_faults_total{fault="node-lost"} 1');
    expect(page).toContain("redline_trial_retries_total 1");
  });

  it("loses and doubles nothing when it is killed in the middle and started again", async () => {
    await using b = await bench({}, { runMs: 150 });
    const id = await submit(b.coordinator, study({ trials: 12 }));
    for (const moment of [1, 4, 8]) {
      await eventually(`${moment} placed`, async () => {
        const { records } = await b.coordinator.journal();
        return records.filter((r) => r.body.kind === "placed").length >= moment;
      });
      await b.coordinator.end("SIGKILL");
      await b.coordinator.start();
    }
    const trials = await ended(b.coordinator, id);
    expect(states(trials)).toEqual(trials.map(() => "done"));
    expect(trials.flatMap((t) => t.attempts)).toHaveLength(12);
    expect(new Set(starts(b.nodes)).size).toBe(starts(b.nodes).length);
    const { records, state } = await b.coordinator.journal();
    expect(state.epoch).toBe(4);
    const taken = records.flatMap(({ body }) =>
      body.kind === "node-record" ? [`${body.node} ${body.seq}`] : [],
    );
    expect(new Set(taken).size).toBe(taken.length);
  });

  it("goes on when the NATS server is killed and started again on its store", async () => {
    await using b = await bench({}, { runMs: 300 });
    const id = await submit(b.coordinator, study({ trials: 8 }));
    await eventually("two run", () => starts(b.nodes).length >= 2);
    await b.nats.kill();
    expect((await b.coordinator.get("/healthz")).status).toBe(200);
    await eventually("not ready", async () => (await b.coordinator.get("/readyz")).status === 503);
    // Longer than a lease: what was silent only because the bus was away must not count as lost.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await b.nats.start();
    const trials = await ended(b.coordinator, id);
    expect(states(trials)).toEqual(trials.map(() => "done"));
    expect(trials.flatMap((t) => t.attempts.map((a) => a.fault))).toEqual(trials.map(() => null));
    expect((await b.coordinator.get("/metrics")).text).toContain("redline_nats_reconnects_total 1");
  });

  it("drops a record in another node's name and one it cannot read", async () => {
    await using b = await bench({}, { runMs: 400 });
    const id = await submit(b.coordinator, study({ trials: 1 }));
    const running = await eventually("the trial runs", async () => {
      const trial = (await b.coordinator.journal()).state.trialsOf(studyId(id))[0];
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
    const [trial] = await ended(b.coordinator, id);
    expect(trial?.state).toBe("done");
    expect(trial?.attempts).toHaveLength(1);
    await eventually("counted", async () =>
      (await b.coordinator.get("/metrics")).text.includes('redline_records_total{result="malformed"} 2'),
    );
    expect((await b.coordinator.journal()).lines.join("\n")).not.toContain('\\"seq\\":999');
  });

  it("ends a trial that fits no node, with the reason", async () => {
    await using b = await bench();
    const id = await submit(b.coordinator, study({ trials: 2, target: { gpu: "h100" } }));
    const trials = await ended(b.coordinator, id);
    expect(states(trials)).toEqual(["cancelled", "cancelled"]);
    expect(trials[0]?.why).toBe("no ready node carries the target's labels gpu=h100");
    const { state } = await b.coordinator.journal();
    expect(state.studies.get(studyId(id))?.endedWhy).toContain("2 cancelled (no ready node carries");
  });

  it("retries a refused attempt elsewhere", async () => {
    await using b = await bench({}, { slots: 4 });
    const refuser = b.nodes[0];
    if (refuser === undefined) throw new Error("no node");
    refuser.refuse = "no room";
    const id = await submit(b.coordinator, study({ trials: 1, scenario: "local-copy" }));
    const [trial] = await ended(b.coordinator, id);
    expect(trial?.attempts.map((a) => [a.devices.origin === refuser.node, a.fault])).toEqual([
      [true, "node-refused"],
      [false, null],
    ]);
    expect(trial?.state).toBe("done");
  });

  it("stops everything and says who answered", async () => {
    await using b = await bench({}, { runMs: Infinity });
    const id = await submit(b.coordinator, study({ trials: 6 }));
    await eventually("some run", () => starts(b.nodes).length >= 2);
    const answer = await b.coordinator.post("/api/stop", { who: "test", why: "enough" });
    expect(answer.status, answer.text).toBe(200);
    const reply = stopReplySchema.parse(JSON.parse(answer.text));
    expect(reply.stopped.toSorted()).toEqual(NODES);
    expect(reply.silent).toEqual([]);
    expect(reply.cancelledTrials).toBe(6);
    const trials = await ended(b.coordinator, id);
    expect(new Set(states(trials))).toEqual(new Set(["cancelled"]));
    expect((await b.coordinator.journal()).state.stopped?.why).toBe("enough");
  });

  it("refuses bad requests, bad settings and a folder that is in use", async () => {
    await using b = await bench();
    const bad = await b.coordinator.post("/api/studies", { ...study({ trials: 1 }), specimens: {} });
    expect([bad.status, bad.text]).toEqual([
      422,
      expect.stringContaining("no manifest digest was sent for tiny"),
    ]);
    expect((await b.coordinator.post("/api/studies/none-0000/cancel", { who: "a", why: "b" })).status).toBe(
      404,
    );

    await using second = await CoordinatorProcess.create({
      REDLINE_NODES: "n1",
      REDLINE_NATS_URLS: b.nats.url,
    });
    expect(await exitOf(second, { REDLINE_STATE_DIR: b.coordinator.dir })).toBe(1);
    expect(second.said).toContain("in use by another coordinator");
    expect(await exitOf(second, { REDLINE_NODES: "", REDLINE_LEASE_MS: "x" })).toBe(2);
    expect(second.said).toMatch(/REDLINE_NODES[\s\S]*REDLINE_LEASE_MS|REDLINE_LEASE_MS[\s\S]*REDLINE_NODES/);
  });
});

const studyId = (id: string) => submitReplySchema.parse({ study: id }).study;

async function exitOf(
  coordinator: CoordinatorProcess,
  settings: Record<string, string>,
): Promise<number | null> {
  const child = coordinator.launch(settings);
  return eventually("it ended", () => (child.exitCode === null ? null : { code: child.exitCode })).then(
    (e) => e.code,
  );
}
