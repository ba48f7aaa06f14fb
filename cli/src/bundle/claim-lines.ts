import { rungOf, terminalLine, type Adjudication } from "@redline/shared";
import type { Output } from "../terminal/output.ts";
import { labelled } from "../terminal/layout.ts";
import { paintVerdict } from "../trials/render-list.ts";

/** A verdict with its claims, each with its reason and the records it rests on; `needed` are those of the profile. */
export function claimLines(
  { profile, verdict, reason, claims }: Adjudication,
  needed: readonly string[],
  { columns, paint }: Pick<Output, "columns" | "paint">,
): string[] {
  const [first = "", ...more] = labelled(profile, `${verdict}; ${terminalLine(reason, 1500)}`, {
    indent: 0,
    labelWidth: 14,
    columns,
  });
  return [
    first.replace(`${verdict};`, `${paintVerdict(verdict, paint)};`),
    ...more,
    ...claims.flatMap((claim) => {
      const refs = claim.evidence.map(({ node, seq }) => `${node}#${seq}`).join(" ");
      const mark = needed.includes(claim.claim) ? "*" : " ";
      const label = `${mark} ${String(rungOf(claim.claim)).padStart(2)} ${claim.claim.padEnd(12)} ${claim.result}`;
      const text = `${terminalLine(claim.reason, 1000)}${refs === "" ? "" : ` [${terminalLine(refs, 500)}]`}`;
      return labelled(label, text, { indent: 2, labelWidth: 29, columns });
    }),
  ];
}
