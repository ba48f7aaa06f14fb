import type { SterilityProof } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { lookBeforeClear } from "./clear-look.ts";
import { FailedLooks } from "./failed-looks.ts";
import { outcome } from "./outcome.ts";
import { NOT_WALKED } from "./sterility.ts";

const proof = (...checks: SterilityProof["checks"]): SterilityProof => ({
  ...{ clean: checks.every(({ clean }) => clean !== false), checks, tookMs: 1 },
});
const DIRTY = proof(outcome("processes", ["12 sleep"]));
const NODE = proof(
  outcome("files", []),
  outcome("listeners", [], { cannot: "no baseline" }),
  outcome("mounts", [], { cannot: "no baseline" }),
);

function part(name: string, now: () => SterilityProof) {
  const made = {
    released: 0,
    walked: false,
    again: (walk = true) => {
      made.walked ||= walk;
      return Promise.resolve().then(now);
    },
    release: () => void (made.released += 1),
    name,
  };
  return made;
}

const clear = (failed: FailedLooks<ReturnType<typeof part>>, node = NODE) =>
  lookBeforeClear({ proveStart: () => Promise.resolve(node) }, failed, () => []);

describe("the look before a node is cleared", () => {
  it("finds again what a part left, until it is gone or a person forgives it", async () => {
    const failed = new FailedLooks<ReturnType<typeof part>>();
    let left = DIRTY;
    const [gone, stays] = [part("t-1", () => left), part("t-2", () => DIRTY)];
    failed.note(gone, DIRTY);
    failed.note(stays, DIRTY);
    expect(await clear(failed)).toMatchObject({
      found: "t-1: processes: 12 sleep; t-2: processes: 12 sleep",
      parts: [gone, stays],
    });
    expect([gone.released, gone.walked]).toEqual([0, false]);
    left = proof(outcome("processes", []));
    expect(await clear(failed)).toMatchObject({ found: "t-2: processes: 12 sleep", parts: [stays] });
    expect([gone.released, stays.released]).toEqual([1, 0]);
    failed.forgive([stays]);
    expect([(await clear(failed)).found, stays.released]).toEqual(["", 1]);
  });

  it("forgets a part whose later look was clean, and takes a look that failed for a finding", async () => {
    const failed = new FailedLooks<ReturnType<typeof part>>();
    const one = part("t-1", () => {
      throw new Error("no thread");
    });
    failed.note(one, DIRTY);
    expect((await clear(failed)).found).toContain("t-1: processes: the look itself failed: Error: no thread");
    failed.note(one, proof());
    expect((await clear(failed)).found).toBe("");
  });

  it("says what nobody could look at, with baselines what they leave in doubt", async () => {
    const failed = new FailedLooks<ReturnType<typeof part>>();
    expect((await clear(failed)).unlooked).toBe("listeners, mounts (no baseline)");
    const doubts = [
      outcome("files", [], { cannot: NOT_WALKED }),
      outcome("gpu-memory", [], { cannot: "no tool" }),
    ];
    failed.note(
      part("t-1", () => proof(outcome("listeners", []), ...doubts)),
      DIRTY,
    );
    expect((await clear(failed)).unlooked).toBe("gpu-memory (no tool)");
  });

  it("finds what is on the node without a part", async () => {
    expect((await clear(new FailedLooks(), DIRTY)).found).toBe("processes: 12 sleep");
  });
});
