import { expect, it } from "vitest";
import { readScaffold } from "./scaffold-option.ts";

const usual = { gaps: true, findings: true, persistence: false };

it("makes of the options what a study file would say", () => {
  expect(readScaffold({ ...usual, scaffold: "tools" })).toEqual({
    kind: "tools",
    persistence: false,
    history: 40,
  });
  expect(
    readScaffold({
      scaffold: "pan2024",
      gaps: false,
      findings: false,
      planDepth: 0,
      persistence: true,
      history: 5,
    }),
  ).toEqual({ kind: "pan2024", gaps: false, findings: false, planDepth: 0, persistence: true, history: 5 });
});

it.each([
  [{ ...usual, scaffold: "react", gaps: false }, "parts of pan2024 only"],
  [{ ...usual, scaffold: "pan2024", planDepth: 6 }, "planDepth"],
  [{ ...usual, scaffold: "tree" }, "kind"],
])("refuses %o", (options, why) => {
  expect(() => readScaffold(options)).toThrow(why);
});
