import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { streams, subjects, type StudyId } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { startBench, startsOf, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { startPair, type CoordinatorPair } from "../kit/coordinator-pair.ts";
import { startCluster } from "../kit/nats-cluster.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const local = (trials: number) => studyOf({ trials, scenario: "local-copy" });
const doneOf = async (pair: CoordinatorPair, study: StudyId) =>
  (await (await pair.roles()).leader.journal()).state.trialsOf(study).filter((t) => t.state === "done")
    .length;

/** Starts what ended by itself again, as a service manager does. */
function supervise(pair: CoordinatorPair): Disposable {
  const timer = setInterval(() => {
    for (const one of pair.all.values()) if (one.exited() !== null) one.launch();
  }, 500);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

describe.concurrent("a bus of three servers", () => {
  it("loses one, and is restarted whole, in the middle of a study", async () => {
    await using cluster = await startCluster();
    await using pair = await startPair(cluster.url, {}, { slots: 1, runMs: 800 });
    using _restarts = supervise(pair);
    const connection = await connect({ servers: cluster.url.split(",") });
    const { config } = await (await jetstreamManager(connection)).streams.info(streams.journal);
    expect(config.num_replicas).toBe(3);
    await connection.close();

    const study = await pair.submit(local(24));
    await until("some are done", async () => (await doneOf(pair, study)) >= 3);
    await cluster.kill(0);
    const then = await doneOf(pair, study);
    await until("it goes on with two", async () => (await doneOf(pair, study)) >= then + 3);
    await Promise.all([cluster.kill(1), cluster.kill(2)]);
    for (const server of [0, 1, 2]) cluster.start(server);
    await cluster.ready();

    const trials = await pair.ended(study);
    expect(statesOf(trials)).toEqual(Array(24).fill("done"));
    expect(new Set(startsOf(pair.nodes)).size).toBe(startsOf(pair.nodes).length);
    expect(trials.flatMap((t) => t.attempts.flatMap((a) => a.fault ?? []))).toEqual([]);
    await pair.same();
  });
});

describe.concurrent("a bus of five servers with five copies", () => {
  it("goes on with three of them", async () => {
    await using cluster = await startCluster(5);
    await using pair = await startPair(cluster.url, { REDLINE_NATS_REPLICAS: "5" }, { slots: 1, runMs: 800 });
    using _restarts = supervise(pair);
    const connection = await connect({ servers: cluster.url.split(",") });
    const manager = await jetstreamManager(connection);
    const copies = await Promise.all(
      [streams.commands, streams.records, streams.journal].map(async (name) => manager.streams.info(name)),
    );
    expect(copies.map(({ config }) => config.num_replicas)).toEqual([5, 5, 5]);
    await connection.close();

    const study = await pair.submit(local(12));
    await until("some are done", async () => (await doneOf(pair, study)) >= 2);
    await Promise.all([cluster.kill(0), cluster.kill(1)]);
    const trials = await pair.ended(study);
    expect(statesOf(trials)).toEqual(Array(12).fill("done"));
    expect(trials.flatMap((t) => t.attempts.flatMap((a) => a.fault ?? []))).toEqual([]);
    await pair.same();
  });
});

/** Fills the bus's store to the last byte, until it is emptied again. */
async function fill(url: string) {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "FILL", subjects: ["fill"] });
  const js = jetstream(connection);
  let refused = "";
  // What is small would still fit.
  for (const bytes of [900_000, 100_000, 10_000, 1_000, 100, 1])
    refused = await until("the store is full", async () => {
      try {
        await js.publish("fill", "x".repeat(bytes), { timeout: 5000 });
        return null;
      } catch (error) {
        return String(error);
      }
    });
  expect(refused).toMatch(/insufficient|resource|storage|exceeded/i);
  return {
    async empty() {
      await manager.streams.delete("FILL");
      await connection.close();
    },
  };
}

/** Of the bus that is full for longer. */
const LEASE_MS = 3000;

describe.concurrent("a bus in need", () => {
  it("whose store is full says so, and loses nothing once there is room", async () => {
    // What the streams reserve, and a little more.
    await using nats = await startNats("jetstream { max_file_store: 100MB }");
    const settings = { REDLINE_RECORDS_MIB: "16", REDLINE_LEASE_MS: `${LEASE_MS}` };
    await using b = await startBench(settings, { runMs: 1000 }, nats);
    const study = await b.submit(local(60));
    await until("some are done", async () => (await b.trialsOf(study)).some((t) => t.state === "done"));
    const full = await fill(nats.url);
    await until("the coordinator says so", () => b.coordinator.said.includes("the bus stores nothing"));
    expect(b.coordinator.said).toMatch(/insufficient|resource|storage|exceeded/i);
    expect((await b.coordinator.get("/metrics")).text).toContain("\nredline_nats_stores 0\n");
    // No lease can be renewed for longer than one lasts.
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));

    await full.empty();
    const trials = await b.ended(study);
    expect(statesOf(trials)).toEqual(Array(60).fill("done"));
    expect(trials.flatMap((t) => t.attempts.flatMap((a) => a.fault ?? []))).toEqual([]);
    expect(new Set(startsOf(b.nodes)).size).toBe(startsOf(b.nodes).length);
  });

  it("whose store is full leaves a pair without a leader, which goes on once there is room", async () => {
    await using nats = await startNats("jetstream { max_file_store: 120MB }");
    const settings = { REDLINE_RECORDS_MIB: "16", REDLINE_JOURNAL_STREAM_MIB: "16" };
    await using pair = await startPair(nats.url, settings, { runMs: 2000 });
    using _restarts = supervise(pair);
    const study = await pair.submit(local(40));
    await until("some are done", async () => (await doneOf(pair, study)) >= 1);
    const full = await fill(nats.url);
    const leading = async () => {
      const pages = await Promise.all([...pair.all.values()].map((one) => one.get("/metrics")));
      return pages.map(({ text }) => /^redline_coordinator_leads (\d)$/m.exec(text)?.[1]);
    };
    await until("nobody leads", async () => (await leading()).join() === "0,0");
    await full.empty();
    await until("one leads", async () => (await leading()).toSorted().join() === "0,1");
    const trials = await pair.ended(study);
    expect(statesOf(trials)).toEqual(Array(40).fill("done"));
    await pair.same();
  });

  it("cuts off a coordinator that does not read, which comes back and has lost nothing", async () => {
    await using nats = await startNats('write_deadline: "1s"\nmax_pending: 8MB');
    await using b = await startBench({}, { runMs: 300 }, nats);
    const study = await b.submit(local(12));
    await until("some are done", async () => (await b.trialsOf(study)).some((t) => t.state === "done"));
    const [node] = b.nodes;
    const connection = await connect({ servers: nats.url });
    b.coordinator.signal("SIGSTOP");
    const block = "x".repeat(500_000);
    await until("the server cuts it off", async () => {
      connection.publish(subjects.time(node?.node ?? expect.fail()), block);
      await connection.flush();
      return /slow consumer/i.test(nats.said());
    });
    b.coordinator.signal("SIGCONT");
    await connection.close();
    const trials = await b.ended(study);
    expect(statesOf(trials)).toEqual(Array(12).fill("done"));
    expect(new Set(startsOf(b.nodes)).size).toBe(startsOf(b.nodes).length);
    expect(b.coordinator.said).toContain("NATS connection is back");
  });
});
