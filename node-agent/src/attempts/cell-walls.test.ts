import { createLogger } from "@redline/daemon";
import { nodeIdSchema, runOrderSchema, type NodeRecordBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import type { Drops } from "../cell/cell.ts";
import { countFromHere, recordWalls } from "./cell-walls.ts";
import { scenarioFixture } from "./scenario-fixture.ts";

const logger = createLogger("test", "fatal");
const order = runOrderSchema.parse({
  verb: "run",
  study: "s-1",
  key: { trial: "s-1-001", attempt: 1, epoch: 1 },
  ...scenarioFixture("local-copy"),
  specimen: { name: "tiny", sha256: "a".repeat(64) },
  brain: { provider: "scripted", behaviour: "competent" },
  brainName: "competent",
  devices: { origin: "n1", target: "n1" },
  limits: {},
});

function cellThatDropped(...counts: (Drops | Error)[]) {
  const written: NodeRecordBody[] = [];
  const cell = {
    id: "c",
    hit: {},
    drops: () => {
      const next = counts.shift() ?? new Error("asked too often");
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    limitsHit: () => Promise.resolve(cell.hit),
  };
  const log = {
    node: nodeIdSchema.parse("n1"),
    write: (body: NodeRecordBody) => {
      written.push(body);
      return Promise.resolve(written.length);
    },
  };
  return { cell, written, context: { log, order, device: "origin" as const, logger } };
}
const canaries = { packets: 3, bytes: 180, kinds: { tcp: 2, udp: 1 }, tried: ["tcp 192.0.2.1 443"] };

describe("what the walls of a cell met", () => {
  it("is told without what the pre-flight tried", async () => {
    const later = {
      packets: 5,
      bytes: 300,
      kinds: { tcp: 4, udp: 1 },
      tried: ["tcp 192.0.2.1 443", "tcp 192.0.2.9 22"],
    };
    const { cell, written, context } = cellThatDropped(canaries, later);
    await countFromHere(cell, logger);
    await recordWalls(context, cell);
    const body = { kind: "drops", packets: 2, bytes: 120, kinds: { tcp: 2 }, tried: ["tcp 192.0.2.9 22"] };
    expect(written).toEqual([{ kind: "observation", device: "origin", body }]);
  });

  it("is told as a whole where there was no pre-flight, with the limits that were reached", async () => {
    const { cell, written, context } = cellThatDropped(canaries);
    cell.hit = { memory: 2 };
    expect(await recordWalls(context, cell)).toBe(true);
    expect(written).toEqual([
      { kind: "observation", device: "origin", body: { kind: "drops", ...canaries } },
      { kind: "observation", device: "origin", body: { kind: "limits", hit: { memory: 2 } } },
    ]);
  });

  it("says so when the guard cannot be read, and does not keep the part from its end", async () => {
    const { cell, written, context } = cellThatDropped();
    expect(await recordWalls(context, cell)).toBe(false);
    expect(written).toEqual([]);
  });
});
