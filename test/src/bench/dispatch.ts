import { SCENARIOS } from "../kit/scenarios.ts";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { submitReplySchema, type NodeId } from "@redline/shared";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { FakeNode } from "../kit/fake-node.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";
import { spread, type Spread } from "./spread.ts";

const SHA = "b".repeat(64);

export interface DispatchBench {
  readonly rounds: number;
  /** HTTP submit -> journal -> placement -> KV -> signed command -> node's journal. */
  readonly submitToAccepted: Spread;
  /** One JetStream publish, pull and acknowledgement on the same server: the floor. */
  readonly plain: Spread;
  readonly ratio: number;
}

/** The coordinator's whole way to a node against a bare JetStream round trip, in turns, on one real nats-server. */
export async function benchDispatch(rounds = 40): Promise<DispatchBench> {
  await using nats = await startNats();
  await using coordinator = await CoordinatorProcess.create({
    REDLINE_NATS_URLS: nats.url,
    REDLINE_NODES: "n1",
    REDLINE_LOG_LEVEL: "warn",
  });
  await coordinator.start();
  const publicKey = await coordinator.publicKey();
  await using node = await FakeNode.start({
    node: "n1",
    url: nats.url,
    publicKey,
    specimenSha256: SHA,
    peers: new Map<NodeId, FakeNode>(),
    runMs: 1,
  });
  await until("node seen", async () => (await coordinator.journal()).state.nodes.size === 1);
  const plainTrip = await plainRoundTrip(nats.url);
  const accepted: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    plain.push(await plainTrip.once());
    const start = performance.now();
    const answer = await coordinator.post("/api/studies", {
      file: "latency.yaml",
      definition: {
        study: "latency",
        specimens: { tiny: { path: "./tiny" } },
        brains: { b: { provider: "scripted", behaviour: "competent" } },
        scenarios: ["local-copy"],
      },
      specimens: { tiny: { name: "tiny", sha256: SHA } },
      scenarios: SCENARIOS,
    });
    const { study } = submitReplySchema.parse(JSON.parse(answer.text));
    accepted.push((await until("accepted", () => node.acceptedMs.get(`${study}-001.1`))) - start);
    await until("done", async () => (await coordinator.journal()).state.trialsOf(study)[0]?.state === "done");
  }
  await plainTrip.close();
  const [submitToAccepted, floor] = [spread(accepted), spread(plain)];
  return { rounds, submitToAccepted, plain: floor, ratio: submitToAccepted.median / floor.median };
}

async function plainRoundTrip(url: string) {
  const nc = await connect({ servers: url });
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: "BENCH", subjects: ["bench"], retention: "workqueue" });
  await manager.consumers.add("BENCH", { durable_name: "bench", ack_policy: "explicit" });
  const js = jetstream(nc);
  const consumer = await js.consumers.get("BENCH", "bench");
  return {
    async once() {
      const start = performance.now();
      await js.publish("bench", "x");
      const message = await consumer.next({ expires: 5000 });
      await message?.ackAck();
      return performance.now() - start;
    },
    close: () => nc.close(),
  };
}
