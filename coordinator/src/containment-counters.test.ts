import { createLogger } from "@redline/daemon";
import { expect, it } from "vitest";
import { ContainmentCounters } from "./containment-counters.ts";
import { createMetrics } from "./metrics.ts";
import { inventoryOf, JournalFixture } from "./projection-fixture.ts";

const PREV = "0".repeat(64);
const key = { trial: "s-0000-001", attempt: 1, epoch: 1 };
let seq = 0;
const record = (node: string, body: object, own?: typeof key) => {
  seq += 1;
  const line = JSON.stringify({
    v: 1,
    node,
    seq,
    prev: PREV,
    bootId: "b",
    at: "2026-01-01T00:00:00.000Z",
    monoMs: 0,
    ...(own === undefined ? {} : { key: own }),
    body,
  });
  const [read] = [inventoryOf(node).node];
  return { body: { kind: "node-record" as const, node: read, seq, line } };
};
const proof = {
  clean: false,
  checks: [{ check: "files", clean: false, found: 1, left: ["/x"], why: "" }],
  tookMs: 1,
};

function metricsOf(
  containment: ContainmentCounters,
  more: Partial<Parameters<typeof createMetrics>[0]> = {},
) {
  return createMetrics({
    version: "0.0.0",
    state: new JournalFixture().state,
    nodes: [],
    live: () => undefined,
    heard: () => undefined,
    reconnects: () => 0,
    queue: () => null,
    containment,
    log: createLogger("metrics-test", "silent"),
    ...more,
  });
}

it("counts breaches by kind, each survivor once, from zero on", async () => {
  const counters = new ContainmentCounters();
  const metrics = metricsOf(counters);
  const violations = async () =>
    Object.fromEntries(
      [
        ...(await metrics.page()).matchAll(/^redline_containment_violations_total\{kind="(.*)"\} (\d+)$/gm),
      ].map(([, kind = "", n]): [string, number] => [kind, Number(n)]),
    );
  expect(await violations()).toEqual({ survivor: 0, "over-cap": 0, "orphan-copy": 0, reachable: 0 });
  const breach = (kind: string) => ({ kind: "breach", breach: kind, detail: "", killed: 0 });
  // The proof and the breach are one event on n1; on n2 there is the proof alone.
  counters.take(record("n1", { kind: "sterile", device: "target", of: key, look: "again", proof }));
  counters.take(record("n1", breach("survivor")));
  counters.take(record("n2", { kind: "sterile", device: "target", of: key, look: "after", proof }, key));
  counters.take(record("n1", breach("orphan-copy")));
  counters.take({ body: { kind: "lab-breach", breach: "over-cap", detail: "" } });
  const all = { survivor: 2, "over-cap": 1, "orphan-copy": 1, reachable: 0 };
  expect(await violations()).toEqual(all);
  expect(await violations()).toEqual(all);
});

it("counts kills with their times, and a guard's packets once however often it tells them", async () => {
  const counters = new ContainmentCounters();
  counters.take(
    record("n1", { kind: "emptied", by: "coordinator-silent", cells: 2, tookMs: 400, detail: "" }),
  );
  const drops = (packets: number) => ({
    kind: "observation",
    device: "target",
    body: { kind: "drops", packets, bytes: 0, kinds: { udp: packets, "x\u0022": 9 }, tried: [] },
  });
  for (const packets of [3, 3, 5]) counters.take(record("n1", drops(packets), key));
  counters.take(record("n2", drops(1), key));
  const page = await metricsOf(counters).page();
  for (const line of [
    'redline_emptied_total{by="coordinator-silent"} 1',
    'redline_emptied_total{by="kill-file"} 0',
    'redline_empty_duration_seconds_bucket{le="0.25",by="coordinator-silent"} 0',
    'redline_empty_duration_seconds_bucket{le="0.5",by="coordinator-silent"} 1',
    'redline_drops_total{kind="udp"} 6',
  ])
    expect(page).toContain(`${line}\n`);
  expect(page).not.toContain('kind="x');
});

it("says which node may take a real model, and which are quarantined", async () => {
  const test = { at: "2026-01-01T00:00:00.000Z", stopped: 1, detected: 0, notTested: 0, escaped: [] };
  const inventories = [
    inventoryOf("n1", { selfTest: { ...test, green: true } }),
    inventoryOf("n2", { selfTest: { ...test, green: false }, state: "quarantined" }),
    inventoryOf("n3"),
  ];
  const heard = inventories.map((inventory) => ({ inventory, heardMs: 0, heardAt: new Date(0) }));
  const page = await metricsOf(new ContainmentCounters(), {
    nodes: inventories.map(({ node }) => node),
    live: (node) => heard.find((one) => one.inventory.node === node),
  }).page();
  for (const line of [
    'redline_node_selftest_green{node="n1"} 1',
    'redline_node_selftest_green{node="n2"} 0',
    'redline_node_selftest_green{node="n3"} 0',
    'redline_nodes{state="quarantined"} 1',
  ])
    expect(page).toContain(`${line}\n`);
});
