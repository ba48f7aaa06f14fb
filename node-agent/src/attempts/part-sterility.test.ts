import { nodeIdSchema, runOrderSchema, type NodeRecordBody, type SterilityProof } from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { describe, expect, it } from "vitest";
import { EMPTY_BASELINE } from "../sterility/baseline.ts";
import { FailedLooks } from "../sterility/failed-looks.ts";
import { outcome } from "../sterility/outcome.ts";
import type { NodeBaseline } from "../sterility/sterility.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { PartSterility, type SterilityParts } from "./part-sterility.ts";

const key = runOrderSchema.shape.key.parse({ trial: "s-1-001", attempt: 1, epoch: 1 });
const CLEAN: SterilityProof = { clean: true, checks: [], tookMs: 1 };
const DIRTY: SterilityProof = { clean: false, checks: [outcome("processes", ["12 sleep"])], tookMs: 1 };

function parts(baseline: NodeBaseline, proofs: SterilityProof[] = []) {
  const written: NodeRecordBody[] = [];
  const failedLooks = new FailedLooks<PartSterility>();
  const made: SterilityParts = {
    sterility: {
      takeBaseline: () => Promise.resolve(baseline),
      proveSterile: () => Promise.resolve(proofs.shift() ?? CLEAN),
    },
    secondLooks: { plan: () => undefined },
    failedLooks,
    book: { others: () => [], uidOf: () => 0, addListener: () => undefined },
    quarantine: () => Promise.resolve(),
    log: {
      node: nodeIdSchema.parse("n1"),
      write: (body) => {
        written.push(body);
        return Promise.resolve(written.length);
      },
    },
    logger: createLogger("test", "fatal"),
  };
  return { made, written, failedLooks };
}

describe("a part's sterility", () => {
  it("begins no part of a node that could not be looked at", async () => {
    const { made } = parts({ node: null, why: "no look within 30 s", gpus: [] });
    const begun = PartSterility.begin(made, key, "origin");
    await expect(begun).rejects.toBeInstanceOf(AttemptFault);
    await expect(begun).rejects.toMatchObject({ fault: "observer-failed" });
    await expect(begun).rejects.toThrow("no look within 30 s");
  });

  it("is looked at again before the node is cleared, with its baseline", async () => {
    const { made, failedLooks } = parts({ node: EMPTY_BASELINE, gpus: [] }, [DIRTY, DIRTY, DIRTY, CLEAN]);
    const part = await PartSterility.begin(made, key, "origin");
    expect(await part.afterwards()).toBe(false);
    await part.finish(await part.again());
    expect((await failedLooks.proveAgain()).map((look) => [look.part.name, look.proof])).toEqual([
      ["s-1-001 attempt 1, origin", DIRTY],
    ]);
    expect((await failedLooks.proveAgain()).map(({ proof }) => proof.clean)).toEqual([true]);
    expect(await failedLooks.proveAgain()).toEqual([]);
  });

  it("is not kept when a later look is clean", async () => {
    const { made, failedLooks } = parts({ node: EMPTY_BASELINE, gpus: [] }, [DIRTY, CLEAN]);
    const part = await PartSterility.begin(made, key, "origin");
    await part.afterwards();
    await part.finish(await part.again());
    expect(await failedLooks.proveAgain()).toEqual([]);
  });

  it("records how long after the part each look was", async () => {
    const { made, written } = parts({ node: EMPTY_BASELINE, gpus: [] });
    const part = await PartSterility.begin(made, key, "origin");
    await part.afterwards();
    const proof = await part.again();
    const looked = performance.now();
    while (performance.now() < looked + 30);
    await part.finish({ ...proof, tookMs: 0 });
    const after = written.flatMap((body) => (body.kind === "sterile" ? [body.afterMs ?? -1] : []));
    expect(after[0]).toBe(0);
    expect(after[1]).toBeGreaterThanOrEqual(30);
  });
});
