import type { StruckFault } from "./chaos-report.ts";
import { FAULT_KINDS, victimsOf } from "./planned-fault.ts";

/** By kind, how many were planned and how many hit, and the same for each it was for; a table as docs have it. */
export function faultTable(struck: readonly StruckFault[]): string[] {
  const rows = FAULT_KINDS.map((kind) => {
    const ofKind = struck.filter((one) => one.kind === kind);
    const victims = victimsOf(kind, true).flatMap((of) => {
      const his = ofKind.filter((one) => one.of === of);
      return his.length === 0 ? [] : [`${of} ${share(his)}`];
    });
    return [kind, share(ofKind), victims.join(", ")];
  });
  const all = [["fault", "hit of planned", "of whom"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)];
}

const share = (some: readonly StruckFault[]) => `${some.filter(({ hit }) => hit).length} of ${some.length}`;
