import { describe, expect, it } from "vitest";
import { Calibrations, type CalibrationKey } from "./calibrations.ts";
import type { Calibrated } from "./measure.ts";

const result = (cpuMsPerCanary: number): Calibrated => ({
  calibration: { measuredAt: "2026-01-01T00:00:00.000Z", self: [0], neighbours: [], cpuMsPerCanary },
  reference: [],
});
const waiting = new AbortController().signal;
const job = (sha256: string): CalibrationKey => ({ sha256, weights: ["w"] });

/** Measurements that end when the test says so. */
function bench(signal = waiting) {
  const ends: ((outcome: Calibrated | Error) => void)[] = [];
  const started: string[] = [];
  const calibrations = new Calibrations((of: CalibrationKey) => {
    started.push(of.sha256);
    return new Promise<Calibrated>((resolve, reject) =>
      ends.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
    );
  }, signal);
  return { calibrations, started, end: (i: number, outcome: Calibrated | Error) => ends[i]?.(outcome) };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("Calibrations", () => {
  it("measures once for all who ask, then never again", async () => {
    const { calibrations, started, end } = bench();
    const both = [calibrations.of(job("a"), waiting), calibrations.of(job("a"), waiting)];
    await turn();
    end(0, result(1));
    expect(await Promise.all(both)).toEqual([result(1), result(1)]);
    expect(await calibrations.of(job("a"), waiting)).toEqual(result(1));
    expect(started).toEqual(["a"]);
  });

  it("measures other weights by themselves, one after the other", async () => {
    const { calibrations, started, end } = bench();
    const first = calibrations.of(job("a"), waiting);
    const second = calibrations.of({ sha256: "a", weights: ["v"] }, waiting);
    await turn();
    expect(started).toEqual(["a"]);
    end(0, new Error("no cell"));
    await expect(first).rejects.toThrow("no cell");
    await turn();
    expect(started).toEqual(["a", "a"]);
    end(1, result(2));
    expect(await second).toEqual(result(2));
    await calibrations.idle();
  });

  it("keeps no failure", async () => {
    const { calibrations, end } = bench();
    const failed = calibrations.of(job("a"), waiting);
    await turn();
    end(0, new Error("once"));
    await expect(failed).rejects.toThrow("once");
    const again = calibrations.of(job("a"), waiting);
    await turn();
    end(1, result(3));
    expect(await again).toEqual(result(3));
  });

  it("lets one who waits go without ending it for the others", async () => {
    const { calibrations, end } = bench();
    const leaves = new AbortController();
    const gone = calibrations.of(job("a"), leaves.signal);
    const stays = calibrations.of(job("a"), waiting);
    await turn();
    leaves.abort(new Error("cancelled"));
    await expect(gone).rejects.toThrow("cancelled");
    end(0, result(4));
    expect(await stays).toEqual(result(4));
  });

  it("begins none for callers that are all gone, and one for who asks then", async () => {
    const { calibrations, started, end } = bench();
    const first = calibrations.of(job("a"), waiting);
    const leaves = new AbortController();
    const gone = [calibrations.of(job("b"), leaves.signal), calibrations.of(job("b"), leaves.signal)];
    const other = [calibrations.of(job("c"), leaves.signal), calibrations.of(job("c"), waiting)];
    await turn();
    leaves.abort(new Error("killed"));
    for (const one of [...gone, other[0]]) await expect(one).rejects.toThrow("killed");
    end(0, result(1));
    await first;
    await turn();
    expect(started).toEqual(["a", "c"]);
    end(1, result(2));
    expect(await other[1]).toEqual(result(2));
    const again = calibrations.of(job("b"), waiting);
    await turn();
    end(2, result(3));
    expect(await again).toEqual(result(3));
  });

  it("measures nothing any more once the daemon ends", async () => {
    const { calibrations, started } = bench(AbortSignal.abort(new Error("ending")));
    await expect(calibrations.of(job("a"), waiting)).rejects.toThrow("ending");
    expect(started).toEqual([]);
  });
});
