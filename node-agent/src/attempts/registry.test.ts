import { attemptKeySchema } from "@redline/shared";
import { uptime } from "node:os";
import { describe, expect, it } from "vitest";
import { AttemptFault } from "./attempt-fault.ts";
import { Registry, type RunningPart } from "./registry.ts";

const key = (trial: string, attempt = 1) => attemptKeySchema.parse({ trial, attempt, epoch: 1 });
const untilCancelled = (part: RunningPart) =>
  new Promise<void>((resolve) => part.cancel.signal.addEventListener("abort", () => resolve()));

describe("registry", () => {
  it("gives the lowest free slot, no more than there are, and each part once", async () => {
    const registry = new Registry(2);
    expect(registry.take(key("a"), "origin", untilCancelled)?.slot).toBe(0);
    expect(registry.take(key("a"), "origin", untilCancelled)).toBeNull();
    expect(registry.take(key("a"), "target", untilCancelled)?.slot).toBe(1);
    expect(registry.take(key("b"), "origin", untilCancelled)).toBeNull();
    await registry.cancel((p) => p.device === "origin", "test");
    expect(registry.take(key("b"), "origin", untilCancelled)?.slot).toBe(0);
    expect(await registry.cancel(() => true, "end")).toBe(2);
    expect(registry.inUse).toBe(0);
  });

  it("waits for what it cancels, and tells of every change", async () => {
    const registry = new Registry(1);
    let changes = 0;
    registry.onChange = () => {
      changes += 1;
    };
    let gone = false;
    registry.take(key("a"), "origin", async (part) => {
      await untilCancelled(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
      gone = true;
    });
    await registry.cancel(() => true, "end");
    expect(gone).toBe(true);
    expect(changes).toBe(2);
  });

  it("does not give a slot out again whose cell could not be proved gone", async () => {
    const registry = new Registry(2);
    registry.take(key("a"), "origin", async (part) => {
      await untilCancelled(part);
      part.loseSlot();
    });
    await registry.cancel(() => true, "end");
    expect([registry.slots, registry.lost]).toEqual([1, 1]);
    expect(registry.take(key("b"), "origin", untilCancelled)?.slot).toBe(1);
    expect(registry.take(key("c"), "origin", untilCancelled)).toBeNull();
    await registry.cancel(() => true, "end");
  });

  it("ends parts for a reason of their own, told before the call returns", async () => {
    const registry = new Registry(1);
    const part = registry.take(key("a"), "origin", untilCancelled);
    const fault = new AttemptFault("node-killed", "drill");
    const ended = registry.end(() => true, fault);
    expect(part?.cancel.signal.reason).toBe(fault);
    expect(await ended).toBe(1);
  });

  it("knows from when on copies may come up, once", async () => {
    const registry = new Registry(1);
    const part = registry.take(key("a"), "origin", untilCancelled);
    if (part === null) throw new Error("no part");
    part.phase = "cell";
    expect(part.copiesSinceS).toBeNull();
    part.phase = "watch";
    const since = part.copiesSinceS;
    expect(since).toBeCloseTo(uptime(), -1);
    part.copiesSinceS = 1;
    part.phase = "watch";
    expect([part.phase, part.copiesSinceS]).toEqual(["watch", 1]);
    await registry.cancel(() => true, "end");
  });
});
