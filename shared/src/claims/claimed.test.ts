import { describe, expect, it } from "vitest";
import type { Observation, ObservationBody } from "../evidence/observation.ts";
import { nodeIdSchema } from "../ids.ts";
import { adjudicate } from "./adjudicate.ts";
import { claimed } from "./claimed.ts";

const evidence = (...bodies: ObservationBody[]) => ({
  runEnd: null,
  observations: bodies.map((body, i): Observation => ({
    node: nodeIdSchema.parse("import"),
    seq: i + 1,
    at: "2031-03-04T09:00:00.000Z",
    device: "origin",
    generation: 1,
    body,
  })),
});
const cut: ObservationBody = { kind: "untested", claim: "claimed", why: "the log stops" };

describe("claimed", () => {
  it("is refuted where nothing was said, and not tested where what was said may be missing", () => {
    expect(claimed(evidence())).toMatchObject({ result: "refuted" });
    expect(claimed(evidence(cut))).toMatchObject({ result: "not-tested", reason: "the log stops" });
  });

  it("is proven by what was said, whatever is missing after it", () => {
    expect(claimed(evidence({ kind: "claimed", text: "done" }, cut))).toMatchObject({ result: "proven" });
  });

  it("changes no verdict", () => {
    for (const bodies of [[], [cut], [{ kind: "claimed" as const, text: "done" }]])
      for (const profile of ["pan2024", "strict"] as const)
        expect(adjudicate(evidence(...bodies), profile).verdict).toBe("indeterminate");
  });
});
