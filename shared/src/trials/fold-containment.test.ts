import { describe, expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import type { NodeRecordBody } from "../journal/node-record.ts";
import { breachesOf, CONTAINMENT_LIST } from "./containment-view.ts";
import { AT, key, placed, PREV } from "./placed-fixture.ts";

const proof = (clean: boolean | null) => ({
  clean: clean !== false,
  tookMs: 5,
  checks: [
    { check: "sockets" as const, clean: true, found: 0, left: [], why: "" },
    {
      check: "files" as const,
      clean,
      found: clean === false ? 1 : 0,
      left: clean === false ? ["/tmp/x"] : [],
      why: "",
    },
  ],
});

/** The same, and what writes records of its nodes. */
function attemptUnderWay() {
  const { state, apply } = placed({ keepRecords: "live" });
  let seq = 0;
  const write = (node: string, body: NodeRecordBody, own: typeof key | null = key) => {
    seq += 1;
    const line = { v: 1, node, seq, prev: PREV, bootId: "b", at: AT, monoMs: 0, body };
    apply({
      kind: "node-record",
      node,
      seq,
      line: JSON.stringify(own === null ? line : { ...line, key: own }),
    });
  };
  const attempt = () => {
    const found = state.attempt(key);
    if (found === undefined) throw new Error("not placed");
    return found;
  };
  return { state, apply, write, attempt };
}

const sterile = (look: "after" | "again", clean: boolean | null): NodeRecordBody => ({
  kind: "sterile",
  device: "target",
  of: key,
  look,
  proof: proof(clean),
});
const breach: NodeRecordBody = { kind: "breach", breach: "over-cap", detail: "9 copies", killed: 1 };
const inventory = {
  v: 1,
  node: "n2",
  bootId: "b",
  instance: "i",
  version: "1",
  protocols: [1],
  state: "ready",
  labels: {},
  slots: 1,
  slotsInUse: 0,
  liveCopies: 0,
  cpus: 1,
  memoryMiB: 1,
  gpus: [],
  specimens: [],
  kernel: "k",
  tools: {},
};

describe("containment of an attempt", () => {
  it("tells what was checked before, what was dropped, reached, and left", () => {
    const { write, attempt } = attemptUnderWay();
    const checks = [
      { check: "no_new_privs", ok: true, detail: "1" },
      { check: "limit: processes", ok: false, detail: "none" },
    ];
    write("n1", { kind: "preflight", device: "origin", cell: "c", ok: false, checks, tookMs: 3 });
    const drops = { kind: "drops" as const, bytes: 80, kinds: { udp: 2 }, tried: ["udp 192.0.2.1 53"] };
    write("n2", { kind: "observation", device: "target", body: { ...drops, packets: 1 } });
    write("n2", { kind: "observation", device: "target", body: { ...drops, packets: 2 } });
    write("n2", { kind: "observation", device: "target", body: { kind: "limits", hit: { processes: 4 } } });
    write("n2", sterile("after", null));
    expect(attempt()).toMatchObject({
      preflights: [
        { device: "origin", node: "n1", ok: false, checks: 2, failed: [{ check: "limit: processes" }] },
      ],
      drops: [{ device: "target", packets: 2, kinds: { udp: 2 } }],
      limits: [{ node: "n2", hit: { processes: 4 } }],
      sterility: [{ look: "after", clean: true, checks: 2, unseen: ["files"], left: [] }],
    });
    expect(breachesOf(attempt())).toEqual([]);
  });

  it("takes a second look without a key, after the verdict, and leaves the verdict alone", () => {
    const { state, apply, write, attempt } = attemptUnderWay();
    apply({ kind: "adjudicated", key, results: [] });
    write("n2", sterile("again", false), null);
    expect(attempt().sterility).toMatchObject([{ look: "again", clean: false, left: ["files: /tmp/x"] }]);
    expect(attempt().records).toEqual([]);
    expect(state.trials.get(key.trial)?.state).toBe("done");
    expect(breachesOf(attempt())).toEqual(["not sterile at the second look, target on n2: files: /tmp/x"]);
  });

  it("believes no node that speaks for another's device, and no proof that contradicts itself", () => {
    const { write, attempt } = attemptUnderWay();
    write("n1", sterile("again", true), null);
    write("n3", sterile("after", false));
    write("n3", breach);
    expect([attempt().sterility, attempt().breaches]).toEqual([[], []]);
    write("n2", {
      kind: "sterile",
      device: "target",
      of: key,
      look: "after",
      proof: { ...proof(false), clean: true },
    });
    expect(attempt().sterility[0]?.clean).toBe(false);
  });

  it("keeps the newest only, however often a node says something", () => {
    const { write, attempt, state, apply } = attemptUnderWay();
    for (let i = 0; i < CONTAINMENT_LIST + 5; i += 1) write("n2", { ...breach, detail: `${i}` });
    expect(attempt().breaches).toHaveLength(CONTAINMENT_LIST);
    expect(attempt().breaches.at(-1)?.detail).toBe(`${CONTAINMENT_LIST + 4}`);
    for (let i = 0; i < CONTAINMENT_LIST + 5; i += 1)
      apply({ kind: "lab-breach", breach: "over-cap", detail: `${i}` });
    expect(state.labBreaches).toHaveLength(CONTAINMENT_LIST);
  });
});

describe("containment of a node", () => {
  it("stays over its inventories, before the first one too", () => {
    const { state, apply, write } = attemptUnderWay();
    const view = () => state.nodes.get(nodeIdSchema.parse("n2"))?.containment;
    write("n2", { kind: "quarantined", why: "files: /tmp/x" }, null);
    apply({ kind: "node-seen", inventory });
    apply({ kind: "node-seen", inventory: { ...inventory, state: "quarantined" } });
    expect(view()?.quarantinedWhy).toBe("files: /tmp/x");
    write("n2", breach, null);
    write("n2", { kind: "emptied", by: "kill-file", cells: 2, tookMs: 90, detail: "" }, null);
    write("n2", { kind: "cleared", who: "op", why: "looked" }, null);
    const report = {
      bootId: "b",
      driver: "bubblewrap 0.8.0",
      green: false,
      tookMs: 1,
      cases: [
        { id: "tcp-outside", outcome: "stopped" as const, by: "guard", detail: "" },
        { id: "cron", outcome: "escaped" as const, by: "", detail: "" },
      ],
    };
    write("n2", { kind: "self-test", report }, null);
    expect(view()).toMatchObject({
      quarantinedWhy: null,
      breaches: [{ node: "n2", breach: "over-cap" }],
      emptied: [{ by: "kill-file", cells: 2, tookMs: 90 }],
      selfTest: { green: false, cases: 2, escaped: ["cron"] },
    });
  });
});
