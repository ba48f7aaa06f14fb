import { nodesReplySchema } from "@redline/shared";
import { roleOf, startPair } from "../kit/coordinator-pair.ts";
import { startBench, startsOf, studyOf } from "../kit/coordinator-bench.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const ROUNDS = 20;
const LEASE_MS = 3000;
const RUN_MS = 500;
const local = (trials: number) => studyOf({ trials, scenario: "local-copy" });

/** Times of each round, ms. */
export interface FailoverBench {
  /** kill -9 of the leader until the other one's first pulse is at a node. */
  readonly failover: readonly number[];
  /** A node falls silent until its trial's next attempt begins on another one. */
  readonly nodeLoss: readonly number[];
  readonly leaseMs: number;
  /** Of a drained node: from the end of what ran there until the coordinator says that nothing is left on it. */
  readonly drain: readonly number[];
  /** The orderly end of the leader until the other one's first pulse. */
  readonly handOver: readonly number[];
}

/** Real coordinators and a real nats-server; the nodes are doubles that speak the protocol. */
export async function benchFailover(rounds = ROUNDS): Promise<FailoverBench> {
  const failover = await changeLeader(rounds, "SIGKILL");
  const handOver = await changeLeader(rounds, "SIGTERM");
  const nodeLoss = await loseNodes(rounds);
  return { failover, handOver, nodeLoss, drain: await drainNodes(rounds), leaseMs: LEASE_MS };
}

async function drainNodes(rounds: number): Promise<number[]> {
  await using b = await startBench({ REDLINE_LOG_LEVEL: "warn" }, { runMs: RUN_MS, slots: 1 });
  const order = { who: "bench", why: "drain" };
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const study = await b.submit(local(1));
    const node = await until("it runs", () =>
      b.nodes.find(({ starts }) => starts.at(-1)?.startsWith(study) === true),
    );
    const overMs = (node.acceptedMs.get(node.starts.at(-1) ?? "") ?? Number.NaN) + RUN_MS;
    const answer = await b.coordinator.post(`/api/nodes/${node.node}/drain`, order);
    if (answer.status !== 200) throw new Error(`drain refused: ${answer.text}`);
    await until("nothing is left there", async () => {
      const { nodes } = nodesReplySchema.parse(JSON.parse((await b.coordinator.get("/api/nodes")).text));
      return nodes.find(({ inventory }) => inventory.node === node.node)?.attempts === 0;
    });
    times.push(Math.max(0, performance.now() - overMs));
    await b.coordinator.post(`/api/nodes/${node.node}/undrain`, order);
  }
  return times;
}

async function changeLeader(rounds: number, signal: "SIGKILL" | "SIGTERM"): Promise<number[]> {
  await using nats = await startNats();
  await using pair = await startPair(nats.url, { REDLINE_LOG_LEVEL: "warn" });
  const times: number[] = [];
  const heard = () => Math.max(...pair.nodes.map((node) => node.pulses.at(-1)?.epoch ?? 0));
  for (let round = 0; round < rounds; round += 1) {
    const { leader, standby } = await pair.roles();
    await until("the other one stands by", async () => (await standby.get("/readyz")).status === 200);
    const before = (await leader.journal()).state.epoch;
    await until("pulses of this term", () => heard() === before);
    const began = performance.now();
    const ended = leader.end(signal);
    await until("a pulse of the next term", () => heard() > before, 60_000);
    times.push(performance.now() - began);
    await ended;
    await leader.start();
    await until("it stands by", async () => (await roleOf(leader)) === "standby");
  }
  return times;
}

/** One node in three dies in each round; a new bench for each, since a silent double never speaks again. */
async function loseNodes(rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using b = await startBench(
      { REDLINE_LEASE_MS: String(LEASE_MS), REDLINE_NODE_SILENT_MS: "1000", REDLINE_LOG_LEVEL: "warn" },
      { runMs: Infinity, slots: 1 },
    );
    const study = await b.submit(local(1));
    const starts = () => startsOf(b.nodes).filter((name) => name.startsWith(study));
    await until("it runs", () => starts().length === 1);
    // Its lease was renewed at least once, as in the middle of a run.
    await until("journalled as running", async () => (await b.trialsOf(study))[0]?.state === "running");
    const began = performance.now();
    b.nodes.find((node) => node.starts.length > 0)?.goSilent();
    await until("another attempt begins", () => starts().length === 2, 60_000);
    times.push(performance.now() - began);
  }
  return times;
}
