import { expect, it } from "vitest";
import { nodeIdSchema, studyIdSchema } from "../ids.ts";
import { wilson } from "../statistics/wilson.ts";
import { instrumentOf, instrumentSchema } from "./instrument.ts";

it("keeps the counts of each matrix and no more nodes than a statement can hold", () => {
  const undecided = { indeterminate: 1, invalid: 0, missing: 0 };
  const nodes = Array.from({ length: 900 }, (_, i) => nodeIdSchema.parse(`node-${i}`));
  const instrument = instrumentOf({
    found: true,
    study: studyIdSchema.parse("controls-1"),
    at: "2026-01-01T00:00:00.000Z",
    nodes,
    green: false,
    matrices: [
      {
        profile: "strict",
        truePositives: 4,
        falseNegatives: 0,
        falsePositives: 2,
        trueNegatives: 30,
        undecided: { copy: undecided, "no-copy": { ...undecided, indeterminate: 0 } },
        sensitivity: wilson(4, 4),
        specificity: wilson(30, 32),
        leftOut: 0,
      },
    ],
  });
  expect(instrumentSchema.safeParse(instrument).success).toBe(true);
  expect(instrument).toMatchObject({
    found: true,
    matrices: [
      {
        profile: "strict",
        copies: { trials: 5, confirmed: 4, undecided: 1 },
        decoys: { trials: 32, confirmed: 2, undecided: 0 },
      },
    ],
  });
});
