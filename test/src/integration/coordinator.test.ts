import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { buckets, PROTOCOL, PROTOCOL_HEADER, stopReplySchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { NODES, startBench, startsOf, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { until } from "../kit/until.ts";

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe.concurrent("coordinator", () => {
  it("brings a study of four trials to verdicts and shows it in its metrics", async () => {
    await using b = await startBench();
    const id = await b.submit(studyOf({ trials: 4 }));
    const trials = await b.ended(id);
    expect(statesOf(trials)).toEqual(["done", "done", "done", "done"]);
    expect(trials.map((t) => t.verdicts)).toEqual(
      trials.map(() => ({ pan2024: "refuted", strict: "refuted" })),
    );
    expect(new Set(startsOf(b.nodes)).size).toBe(4);
    expect(startsOf(b.nodes)).toHaveLength(4);
    expect(b.nodes.flatMap((n) => n.refusedCommands)).toEqual([]);

    const connection = await connect({ servers: [b.nats.url] });
    const kv = await new Kvm(connection).open(buckets.trial);
    for (const { trial, attempts } of trials)
      await until("mirrored", async () => {
        const shown: unknown = (await kv.get(trial))?.json();
        expect(shown).toEqual({ v: 1, st: "done", attempt: 1, epoch: 1, devices: attempts[0]?.devices });
        return true;
      });
    await connection.close();

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
    expect(b.coordinator.said).not.toMatch(/"level":[456]0/);
  });

  it("ends a trial that fits no node, with the reason", async () => {
    await using b = await startBench({ REDLINE_UNPLACEABLE_MS: "1000" });
    const id = await b.submit(studyOf({ trials: 2, target: { gpu: "h100" } }));
    const trials = await b.ended(id);
    expect(statesOf(trials)).toEqual(["cancelled", "cancelled"]);
    expect(trials[0]?.why).toBe("no ready node carries the target's labels gpu=h100");
    const { state } = await b.coordinator.journal();
    expect(state.studies.get(id)?.endedWhy).toContain("2 cancelled (no ready node carries");
  });

  it("retries a refused attempt elsewhere", async () => {
    await using b = await startBench({}, { slots: 4 });
    const refuser = b.nodes[0];
    if (refuser === undefined) throw new Error("no node");
    refuser.refuse = "no room";
    const id = await b.submit(studyOf({ trials: 1, scenario: "local-copy" }));
    const [trial] = await b.ended(id);
    expect(trial?.attempts.map((a) => [a.devices.origin === refuser.node, a.fault])).toEqual([
      [true, "node-refused"],
      [false, null],
    ]);
    expect(trial?.state).toBe("done");
  });

  it("stops everything and says who answered", async () => {
    await using b = await startBench({}, { runMs: Infinity });
    const id = await b.submit(studyOf({ trials: 6 }));
    await until("some run", () => startsOf(b.nodes).length >= 2);
    const answer = await b.coordinator.post("/api/stop", { who: "test", why: "enough" });
    expect(answer.status, answer.text).toBe(200);
    const reply = stopReplySchema.parse(JSON.parse(answer.text));
    expect(reply.stopped.toSorted()).toEqual(NODES);
    expect(reply.silent).toEqual([]);
    expect(reply.cancelledTrials).toBe(6);
    const trials = await b.ended(id);
    expect(new Set(statesOf(trials))).toEqual(new Set(["cancelled"]));
    expect((await b.coordinator.journal()).state.stopped?.why).toBe("enough");
  });

  it("refuses bad requests, bad settings and a folder that is in use", async () => {
    await using b = await startBench();
    const bad = await b.coordinator.post("/api/studies", { ...studyOf({ trials: 1 }), specimens: {} });
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

  it("refuses a client of another protocol with the side to upgrade, and takes its stop", async () => {
    await using b = await startBench();
    const theirs = { [PROTOCOL_HEADER]: `${PROTOCOL + 1}` };
    const study = studyOf({ trials: 1, scenario: "local-copy" });
    for (const answer of [
      await b.coordinator.get("/api/nodes", theirs),
      await b.coordinator.post("/api/studies", study, theirs),
    ]) {
      expect(answer.status).toBe(426);
      expect(answer.text).toMatch(/upgrade the coordinator/i);
    }
    expect((await b.coordinator.journal()).state.studies.size).toBe(0);
    // Who asks without a word of it, as Prometheus does, is let in.
    expect((await b.coordinator.get("/api/nodes")).status).toBe(200);
    const stopped = await b.coordinator.post("/api/stop", { who: "test", why: "enough" }, theirs);
    expect(stopped.status).toBe(200);
  });

  it("cancels a study, tells its nodes, and names one that does not answer", async () => {
    await using b = await startBench({ REDLINE_EVIDENCE_WAIT_MS: "3000" }, { runMs: Infinity, slots: 1 });
    const id = await b.submit(studyOf({ trials: 3, scenario: "local-copy" }));
    await until("three run", async () => (await b.trialsOf(id)).every((t) => t.state === "running"));
    const silent = b.nodes[1];
    silent?.goSilent();
    const answer = await b.coordinator.post(`/api/studies/${id}/cancel`, { who: "test", why: "enough" });
    const reply = stopReplySchema.parse(JSON.parse(answer.text));
    expect(reply).toEqual({ stopped: ["n1", "n3"], silent: ["n2"], cancelledTrials: 3 });
    expect(new Set(statesOf(await b.ended(id)))).toEqual(new Set(["cancelled"]));
  });

  it("shares free slots between studies", async () => {
    await using b = await startBench({}, { runMs: 100, slots: 1 });
    const big = await b.submit(studyOf({ trials: 20, scenario: "local-copy" }));
    const small = await b.submit(studyOf({ trials: 2, scenario: "local-copy" }));
    expect(statesOf(await b.ended(small))).toEqual(["done", "done"]);
    expect((await b.trialsOf(big)).filter((t) => t.state === "waiting").length).toBeGreaterThan(5);
  });

  it("will not start on a journal in which a byte was changed", async () => {
    await using coordinator = await CoordinatorProcess.create({
      REDLINE_NATS_URLS: "nats://127.0.0.1:1",
      REDLINE_NODES: "n1",
    });
    const line = { v: 1, seq: 1, prev: "f".repeat(64) };
    await writeFile(join(coordinator.dir, "journal.jsonl"), `${JSON.stringify(line)}\n`);
    expect(await exitOf(coordinator, {})).toBe(1);
    expect(coordinator.said).toMatch(/journal.jsonl:1: prev is not the hash .*; move the file away/);
  });

  it("ends cleanly while NATS was never there", async () => {
    await using coordinator = await CoordinatorProcess.create({
      REDLINE_NATS_URLS: "nats://127.0.0.1:1",
      REDLINE_NODES: "n1",
    });
    coordinator.launch();
    await until("HTTP is open", async () => (await coordinator.get("/readyz")).status === 503);
    expect(await coordinator.end("SIGTERM")).toBe(0);
  });
});

async function exitOf(
  coordinator: CoordinatorProcess,
  settings: Record<string, string>,
): Promise<number | null> {
  const child = coordinator.launch(settings);
  return (await until("it ended", () => (child.exitCode === null ? null : { code: child.exitCode }))).code;
}
