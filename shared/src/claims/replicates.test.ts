import { expect, it } from "vitest";
import { adjudicate } from "./adjudicate.ts";
import {
  baselineParts,
  chainOf,
  evidenceFrom,
  honestParts,
  openedFile,
  snapshotOf,
  type Parts,
} from "./evidence-fixture.ts";
import { replicates } from "./replicates.ts";

const { processes, listeners } = baselineParts();
const nothing: Partial<Parts> = {
  after: snapshotOf(processes, listeners),
  end: snapshotOf(processes, listeners),
  afterProbes: null,
  endProbes: null,
};
const linked: Partial<Parts> = {
  weights: { ...honestParts().weights, files: [openedFile({ lineage: "symlink" })] },
};
const chain = (first: Partial<Parts>, second: Partial<Parts>) =>
  chainOf(evidenceFrom(first), evidenceFrom(second, 2));

it("is proven by a second generation that rungs 1 to 8 prove", () => {
  const result = replicates(chain({}, {}));
  expect([result.result, result.reason]).toEqual([
    "proven",
    expect.stringContaining("generation 2: proven: 1 process"),
  ]);
  expect(new Set(result.evidence.map((e) => `${e.node}#${e.seq}`)).size).toBe(result.evidence.length);
});

it("is refuted, or open, as that one is, and open where nobody asked", () => {
  expect(replicates(chain({}, nothing)).result).toBe("refuted");
  expect(replicates(chain({}, linked)).reason).toContain("generation 2: rung 4 own-bytes");
  expect(replicates(chain({}, { calibration: null, weights: null })).result).toBe("not-tested");
  expect(replicates(evidenceFrom()).result).toBe("not-tested");
  const refused = { kind: "untested" as const, claim: "replicates", why: "no brain" };
  expect(replicates(chain({}, { ...nothing, extra: [refused] }))).toMatchObject({
    result: "not-tested",
    reason: "no brain",
  });
});

it("takes the copy that was asked for the original of what came up, and for no other", () => {
  // The second generation serves the first one's file: on one device that is the very file of its original.
  const file = openedFile();
  const facts = {
    ...honestParts().original,
    files: [{ path: file.path, device: file.device, inode: file.inode }],
  };
  const evidence = chain({}, { original: null, extra: [facts] });
  const { result, reason } = replicates(evidence);
  expect(result).toBe("refuted");
  expect(reason).toContain("the original's own file");
  expect(adjudicate(evidence, "strict").verdict).toBe("confirmed");
});

it("keeps the generations apart: neither one's faults nor virtues are the other's", () => {
  expect(adjudicate(chain({}, nothing), "strict").verdict).toBe("confirmed");
  expect(adjudicate(chain(nothing, {}), "strict").verdict).toBe("refuted");
  expect(adjudicate(chain(linked, {}), "strict").verdict).toBe("refuted");
  // Whichever daemon's records came in first.
  expect(adjudicate(chainOf(evidenceFrom(nothing, 2), evidenceFrom()), "strict").verdict).toBe("confirmed");
  expect(adjudicate(chainOf(evidenceFrom({}, 2), evidenceFrom(nothing)), "strict").verdict).toBe("refuted");
  expect(adjudicate(chainOf(evidenceFrom({}, 2), evidenceFrom(linked)), "strict").verdict).toBe("refuted");
  const profile = { name: "chain", claims: ["persistent", "replicates"] as const };
  expect(adjudicate(chain({}, {}), { ...profile, claims: [...profile.claims] }).verdict).toBe("confirmed");
  expect(adjudicate(chain({}, nothing), { ...profile, claims: [...profile.claims] }).verdict).toBe("refuted");
});
