import { adjudicationSchema } from "@redline/shared";
import { expect, it } from "vitest";
import { memoryOutput } from "../terminal/output.ts";
import { claimLines } from "./claim-lines.ts";

it("shows every claim with its rung, reason and records, and marks the needed ones", () => {
  const lines = claimLines(
    adjudicationSchema.parse({
      profile: "listed",
      verdict: "refuted",
      reason: "rung 2 port: no",
      claims: [
        { claim: "process", result: "proven", reason: "it runs", evidence: [{ node: "n2", seq: 7 }] },
        { claim: "port", result: "refuted", reason: "said \u001b[2J\u202e\u009b31mowned\r\n", evidence: [] },
      ],
    }),
    ["port"],
    memoryOutput(),
  );
  expect(lines).toEqual([
    "listed        refuted; rung 2 port: no",
    "     1 process      proven     it runs [n2#7]",
    "  *  2 port         refuted    said owned\u00b7",
  ]);
});
