import { sterilityProofSchema, STERILITY_CHECKS } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EMPTY_BASELINE } from "./baseline.ts";
import { startLookThread, type LookAnswer, type LookThread } from "./look-thread.ts";
import { outcome } from "./outcome.ts";
import { SecondLooks } from "./second-looks.ts";
import { createSterility, NOT_WALKED } from "./sterility.ts";
import type { LiveCell, Trial } from "./trial-traces.ts";

const trial: Trial = {
  ...{ uids: [process.getuid?.() ?? 0], namespaces: [], cellIds: [] },
  ...{ publicKeys: [], keyFiles: [], paths: [], addresses: [] },
};
const GOOD = { clean: true, checks: [], tookMs: 1 };

describe("a proof", () => {
  it("answers every check once, in the contract's form", async () => {
    await using sterility = createSterility({ settleMs: 1, nvidiaSmi: "/nonexistent" });
    const baseline = await sterility.takeBaseline();
    const proof = await sterility.proveSterile({ baseline, trial, look: "after", others: () => [] });
    expect(proof.checks.map(({ check }) => check)).toEqual(STERILITY_CHECKS);
    expect(sterilityProofSchema.safeParse(proof).error).toBeUndefined();
  });

  it("is unclean when the look itself fails", async () => {
    const thread = startLookThread(5_000, new URL("data:text/javascript,process.exit(3)"));
    await using sterility = createSterility({ thread, nvidiaSmi: "/nonexistent" });
    const baseline = await sterility.takeBaseline();
    expect(baseline.node).toBeNull();
    const proof = await sterility.proveSterile({ baseline, trial, look: "after", others: () => [] });
    expect(proof.clean).toBe(false);
    expect(proof.checks[0]?.left[0]).toContain("nothing is proved");
  });

  it("is unclean when a look takes too long", async () => {
    const stuck = new URL("data:text/javascript,setInterval(() => undefined, 1000)");
    await using sterility = createSterility({
      thread: startLookThread(50, stuck),
      nvidiaSmi: "/nonexistent",
    });
    const proof = await sterility.proveSterile({
      ...{ baseline: { node: null, gpus: [] }, trial, look: "after" },
      others: () => [],
    });
    expect(proof.checks[0]?.left[0]).toContain("no look within 50 ms");
  });

  it("forgives what ends by itself, and says so", async () => {
    let looks = 0;
    const answer = () => {
      looks += 1;
      const ended = looks > 1;
      const check = { ...outcome("processes", []), clean: ended };
      return { checks: [check], places: { left: [], doubtful: [], unreadable: [] }, remaining: [] };
    };
    const thread: LookThread = {
      baseline: () => Promise.resolve({ ok: false, why: "" }),
      compare: () => Promise.resolve({ ok: true, value: answer() }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const sterility = createSterility({ thread, settleMs: 1, nvidiaSmi: "/nonexistent" });
    const proof = await sterility.proveSterile({
      ...{ baseline: { node: null, gpus: [] }, trial, look: "after" },
      others: () => [],
    });
    expect([proof.clean, looks, proof.checks[0]?.why]).toEqual([
      true,
      2,
      expect.stringContaining("ended by itself"),
    ]);
  });
});

describe("what a look is told of live cells", () => {
  const NONE = { checks: [], places: { left: [], doubtful: [], unreadable: [] }, remaining: [] };
  const cell = (net: string): LiveCell => ({
    ...{ uid: 5, namespaces: { net }, paths: [], address: "", gpus: [] },
  });
  function recording(fails = 0) {
    const asked: (readonly string[])[] = [];
    let left = fails;
    const answer = <T>(value: T): LookAnswer<T> =>
      left-- > 0 ? { ok: false, why: "a chance" } : { ok: true, value };
    const thread: LookThread = {
      baseline: ({ liveCells }) => {
        asked.push(liveCells);
        return Promise.resolve(answer(EMPTY_BASELINE));
      },
      compare: ({ liveCells }) => {
        asked.push(liveCells);
        return Promise.resolve(answer(NONE));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return { asked, sterility: createSterility({ thread, settleMs: 1, nvidiaSmi: "/nonexistent" }) };
  }

  it("is all of them for a baseline, which is tried twice", async () => {
    const once = recording(1);
    const baseline = await once.sterility.takeBaseline(() => [cell("7"), cell("8")]);
    expect(baseline.node).toEqual(EMPTY_BASELINE);
    expect(once.asked).toEqual([
      ["net:[7]", "net:[8]"],
      ["net:[7]", "net:[8]"],
    ]);
    expect(await recording(2).sterility.takeBaseline()).toMatchObject({ node: null, why: "a chance" });
  });

  it("is none that the trial is in as well", async () => {
    const { asked, sterility } = recording();
    await sterility.proveSterile({
      ...{ baseline: { node: EMPTY_BASELINE, gpus: [] }, look: "after" },
      trial: { ...trial, namespaces: [{ net: "7" }] },
      others: () => [cell("7"), cell("8")],
    });
    expect(asked).toEqual([["net:[8]"]]);
  });

  it("walks no file system where that is not wanted", async () => {
    const { sterility } = recording();
    const proof = await sterility.proveStart(() => [], false);
    expect(proof.checks.find(({ check }) => check === "files")).toMatchObject({
      clean: null,
      why: NOT_WALKED,
    });
  });
});

describe("second looks", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const start = (prove: (job: string) => Promise<typeof GOOD> = () => Promise.resolve(GOOD)) => {
    const seen: string[] = [];
    const looks = new SecondLooks<string>({
      delayMs: 60_000,
      prove,
      onResult: (job, { clean }) => Promise.resolve(void seen.push(`${job} ${clean}`)),
      onError: (job, error) => void seen.push(`${job} ${String(error)}`),
    });
    return { looks, seen };
  };

  it("come in their time, once", async () => {
    const { looks, seen } = start();
    looks.plan("a");
    looks.plan("a");
    await vi.advanceTimersByTimeAsync(59_999);
    expect(seen).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toEqual(["a true"]);
    await looks.drain();
    expect([seen, looks.outstanding]).toEqual([["a true"], 0]);
  });

  it("drain at once, one after the other, over a failure", async () => {
    let running = 0;
    const { looks, seen } = start(async (job) => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      running -= 1;
      if (job === "b") throw new Error("no look");
      return GOOD;
    });
    for (const job of ["a", "b", "c"]) looks.plan(job);
    expect(looks.outstanding).toBe(3);
    await looks.drain();
    expect(seen).toEqual(["a true", "b Error: no look", "c true"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
