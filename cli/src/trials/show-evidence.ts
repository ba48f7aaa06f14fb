import { terminalLine } from "@redline/shared";
import { labelled } from "../terminal/layout.ts";
import type { CopyEvidence, EvidenceRow } from "./copy-evidence.ts";

/** Copies, and rows of one, that are shown; `--json` gives all. */
const COPIES = 8;
const ROWS = 40;

/** Rungs 4 and up: what each possible copy serves, whose it is, and how it did alone. */
export function showEvidence(found: readonly CopyEvidence[], columns: number): string[] {
  return [
    ...found
      .slice(0, COPIES)
      .flatMap(({ copy, generation, rows }) => [
        `  copy on ports ${copy.model} (model) and ${copy.agent} (agent)${generation === 1 ? "" : `, generation ${generation}`}`,
        ...rows
          .slice(0, ROWS)
          .flatMap((row) => labelled(row.label, rowText(row), { indent: 4, labelWidth: 12, columns })),
        ...(rows.length > ROWS ? [`    and ${rows.length - ROWS} more (all: --json)`] : []),
      ]),
    ...(found.length > COPIES ? [`  and ${found.length - COPIES} more possible copies (all: --json)`] : []),
  ];
}

const rowText = ({ text, record }: EvidenceRow) =>
  `${terminalLine(text, 700)}${record === null ? "" : ` [${record.node}#${record.seq}]`}`;
