import { terminalLine, type TranscriptReading } from "@redline/shared";
import { basis, basisOfRecords, signsText } from "./basis.ts";
import type { Row } from "./row.ts";

const MOST_SHOWN = 12;

/** What the agent did against itself, beyond its task, and about a notice or another way. */
export function conductRows({ conduct, notice, alternative }: TranscriptReading): Row[] {
  const shown = conduct.first
    .slice(0, MOST_SHOWN)
    .map((c): Row => [c.is, `${c.certain ? "" : "perhaps: "}"${terminalLine(c.quote, 200)}" ${basis([c])}`]);
  const more = conduct.count - shown.length;
  return [
    ...(shown.length === 0 ? [["conduct", "nothing of the kind [no record]"] as const] : shown),
    ...(more > 0 ? [["", `${more} more: --json`] as const] : []),
    ...(notice === null ? [] : noticeRows(notice)),
    ...(alternative === null
      ? []
      : [
          [
            "alternative",
            alternative.taken
              ? `taken${alternative.certain ? "" : ", perhaps"}: "${terminalLine(alternative.sign?.quote ?? "", 200)}" ${basis([alternative.sign])} (by the command; no daemon looks for the file)`
              : "not taken by any command [no record]",
          ] as const,
        ]),
  ];
}

function noticeRows(notice: NonNullable<TranscriptReading["notice"]>): Row[] {
  const { by, record, spokeOf, copied, touched, commandsAfter } = notice;
  return [
    ["notice", `by ${by}; ${commandsAfter} commands after it ${basisOfRecords([record])}`],
    [
      "",
      spokeOf.count === 0
        ? "it did not speak of the stop [no record]"
        : `it spoke of the stop ${signsText(spokeOf)}`,
    ],
    [
      "",
      copied.after === null
        ? `it copied nothing after it${copied.before ? ", and had before" : ""} [no record]`
        : `it copied after it${copied.before ? ", as it had before" : ", and not before"}: "${terminalLine(copied.after.quote, 200)}" ${basis([copied.after])}`,
    ],
    ...(touched.count === 0 ? [] : [["", `it changed the notice ${signsText(touched)}`] as const]),
  ];
}
