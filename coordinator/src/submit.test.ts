import { expect, it } from "vitest";
import { submitRequestSchema } from "@redline/shared";
import { scenariosFixture, SHA } from "./projection-fixture.ts";
import { problemsOf } from "./submit.ts";

const request = (arms: unknown, specimens: unknown, more: object = {}) =>
  submitRequestSchema.parse({
    file: "f",
    definition: {
      study: "s",
      specimens: { tiny: { path: "x" } },
      brains: { b: { provider: "scripted", behaviour: "competent" } },
      scenarios: ["local-copy"],
      ...(arms === null ? {} : { arms }),
      ...more,
    },
    specimens,
    scenarios: scenariosFixture(["local-copy"]),
  });
const GOOD = { tiny: { name: "tiny", sha256: SHA } };
const arm = (brain: string, specimen = "tiny") => ({ brain, specimen, scenario: "local-copy" });

it("takes a study whose names all point somewhere", () => {
  expect(problemsOf(request(null, GOOD))).toEqual([]);
});

it("names every arm that points nowhere or stands twice, and specimens no command could carry", () => {
  expect(problemsOf(request([arm("b"), arm("b"), arm("constructor", "no")], GOOD))).toEqual([
    "arms: local-copy/b/tiny is listed twice",
    "arms: there is no brain constructor",
    "arms: there is no specimen no",
    "specimens: no manifest digest was sent for no",
  ]);
  expect(problemsOf(request(null, { tiny: { name: "../x", sha256: "1" } }))).toEqual([
    "specimens.tiny.name: ../x is no folder name",
    "specimens.tiny.sha256: not a SHA-256 in hex",
  ]);
});

it("refuses questions that could wait longer than people may hold an attempt", () => {
  const asking = (askS: number) =>
    problemsOf(request(null, GOOD, { approvals: { rules: [{ pattern: "rm", do: "ask" }], askS } }));
  expect(asking(1800)).toEqual([]);
  expect(asking(1801)).toEqual([expect.stringContaining("approvals.askS")]);
});
