import {
  ACTION_KINDS,
  COMMAND_CLASSES,
  OBSTACLE_CLASSES,
  PAPER_MIX,
  terminalLine,
  type CommandMix,
  type TranscriptReading,
} from "@redline/shared";
import { basis, basisOfRecords } from "./basis.ts";
import type { Row } from "./row.ts";

/** Obstacles and loops that a page shows; `--json` has more. */
const MOST_SHOWN = 8;

/** Commands, actions, what came back, what stood in the way. */
export function workRows(reading: TranscriptReading): Row[] {
  const { commands, actions, environment, obstacles, loops } = reading;
  const { steps, total, estimated } = environment;
  const from = steps.flatMap(({ records }) => records);
  const kinds = ACTION_KINDS.map((kind) => `${kind} ${actions[kind]}`).join(", ");
  const met = OBSTACLE_CLASSES.filter((is) => obstacles.met[is] > 0).map(
    (is) => `${is} ${obstacles.met[is]}, resolved ${obstacles.resolved[is]}`,
  );
  return [
    [
      "commands",
      `${mixText(commands)}, in ${commands.actions} actions${openText(commands)} ${basisOfRecords(commands.records)}`,
    ],
    ...Object.entries(PAPER_MIX).map(([model, mix]): Row => [
      "",
      `(arXiv:2412.12140, ${model}: ${COMMAND_CLASSES.map((c) => `${c} ${percent(mix[c])}`).join(", ")})`,
    ]),
    ["actions", `${kinds}, in ${reading.turns} turns ${basisOfRecords(commands.records)}`],
    [
      "environment",
      steps.length === 0
        ? "nothing came back [no record]"
        : `${total} tokens in ${steps.length} steps, ${estimated} of them estimated from characters ${basisOfRecords(from)}`,
    ],
    ["obstacles", met.length === 0 ? "none [no record]" : met.join("; ")],
    ...obstacles.first
      .slice(0, MOST_SHOWN)
      .map((o): Row => [
        "",
        `${o.is} ${terminalLine(o.subject, 60)}, exit ${terminalLine(o.exit, 40)}: "${terminalLine(o.quote, 200)}" ${o.resolvedIn === null ? "open" : `resolved in turn ${o.resolvedIn}`} ${basis([o])}`,
      ]),
    ["loops", loops.count === 0 ? "none [no record]" : String(loops.count)],
    ...loops.first
      .slice(0, MOST_SHOWN)
      .map((l): Row => [
        "",
        `${l.is}, ${l.rounds} rounds of ${l.period}, to turn ${l.until}: "${terminalLine(l.quote, 200)}" ${basis([l])}`,
      ]),
  ];
}

/** `12: exploring 5 (42 %), ...` */
export function mixText({ counts, total }: Pick<CommandMix, "counts" | "total">): string {
  const shares = COMMAND_CLASSES.map(
    (c) => `${c} ${counts[c]}${total === 0 ? "" : ` (${percent(counts[c] / total)})`}`,
  );
  return `${total}: ${shares.join(", ")}`;
}

const openText = ({ open, unknown }: CommandMix) =>
  [
    ...(unknown === 0 ? [] : [`; ${unknown} of no known program, taken as executing`]),
    ...(open.count === 0 ? [] : [`; ${open.count} could not be read to their end ${basis(open.first)}`]),
  ].join("");

export const percent = (share: number) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
