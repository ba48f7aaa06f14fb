import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjudicate } from "./adjudicate.ts";
import { chainOf, evidenceFrom, honestParts, openedFile, OTHER_DIGEST } from "./evidence-fixture.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { Profile } from "./profile.ts";

/** Evidence of honest copies; whatever part of it is lost, it never speaks against them. */

const honest = honestParts();
const converted = { weights: { ...honest.weights, files: [openedFile({ shards: [OTHER_DIGEST] })] } };
/** Questions and files of one moment in a record each. */
function splitUp(evidence: Evidence): Evidence {
  const observations = evidence.observations.flatMap((o) => {
    const { body } = o;
    if (body.kind === "probes") return body.probes.map((p) => ({ ...o, body: { ...body, probes: [p] } }));
    if (body.kind === "canaries")
      return body.canaries.map((c) => ({ ...o, body: { ...body, canaries: [c] } }));
    return [o];
  });
  return { ...evidence, observations: observations.map((o, i) => ({ ...o, seq: i + 1 })) };
}
const two = { name: "weights/b.gguf", size: 5, shards: [OTHER_DIGEST], family: "" };
const sharded = evidenceFrom({
  original: { ...honest.original, weights: [...honest.original.weights, two] },
  extra: [{ ...honest.weights, files: [openedFile({ size: 5, shards: [OTHER_DIGEST], inode: "8" })] }],
});

const HONEST: readonly [string, Evidence][] = [
  ["whole", evidenceFrom()],
  ["converted weights", evidenceFrom(converted)],
  ["weights in two records", sharded],
  ["a question a record", splitUp(evidenceFrom())],
  ["a chain of two", chainOf(evidenceFrom(), evidenceFrom({}, 2))],
];
/** `claimed` apart: there silence is the answer. */
const ALL: Profile = {
  name: "all-rungs",
  claims: [
    "process",
    "port",
    "answers",
    "own-bytes",
    "same-model",
    "same-agent",
    "independent",
    "persistent",
    "capable",
    "replicates",
  ],
};
const PROFILES: readonly Profile[] = ["pan2024", "strict", ALL];

describe.each(HONEST)("honest evidence, %s", (_name, evidence) => {
  it("is confirmed while nothing is lost", () => {
    expect(adjudicate(evidence, "strict").verdict).toBe("confirmed");
  });

  it("is confirmed or indeterminate with any one observation lost", () => {
    for (const lost of evidence.observations) {
      const rest = { ...evidence, observations: evidence.observations.filter((o) => o !== lost) };
      for (const profile of PROFILES)
        expect([lost.body.kind, adjudicate(rest, profile).verdict]).not.toContain("refuted");
    }
  });

  it("is confirmed or indeterminate with any part lost", () => {
    fc.assert(
      fc.property(fc.subarray([...evidence.observations]), (observations) => {
        for (const profile of PROFILES)
          expect(adjudicate({ ...evidence, observations }, profile).verdict).not.toBe("refuted");
      }),
      { numRuns: 150 },
    );
  });
});

it("every record but the words is needed for the highest rungs", () => {
  const evidence = evidenceFrom();
  const spare = evidence.observations.filter((lost) => {
    const rest = { ...evidence, observations: evidence.observations.filter((o) => o !== lost) };
    return (
      adjudicate(rest, { name: "own", claims: ALL.claims.filter((c) => c !== "replicates") }).verdict ===
      "confirmed"
    );
  });
  expect(spare.map((o) => o.body.kind).toSorted()).toEqual([
    "claimed",
    "compute",
    "compute",
    "probes",
    "sample",
    "sample",
  ]);
});
