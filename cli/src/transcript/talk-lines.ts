import { terminalText, type Talk, type TalkAction, type TalkTurn } from "@redline/shared";
import { wrap } from "../terminal/layout.ts";
import type { Page } from "../trials/page.ts";
import { basisOfRecords } from "./basis.ts";

/** Most of one text that is shown; `--json` gives all. */
const MOST_SHOWN = 4000;

/** The talk turn by turn: what the model said, what it did, what came back. All of it hostile text, made safe. */
export function talkLines(talk: Talk, page: Page): string[] {
  if (talk.turns.length === 0) return ["nothing was said: the journal holds no turn of this attempt"];
  return [
    ...(talk.doubt === null ? [] : [page.paint.unsure(talk.doubt), ""]),
    ...talk.turns.flatMap((turn) => turnLines(turn, page)),
    ...talk.claims.flatMap((claim) => [
      page.paint.strong(`it said at the end ${basisOfRecords([claim.record])}`),
      ...quoted(claim.text, "  ", page),
      "",
    ]),
  ];
}

function turnLines(turn: TalkTurn, page: Page): string[] {
  const { exchange } = turn;
  const tokens = exchange === null ? "" : `, ${exchange.promptTokens} + ${exchange.completionTokens} tokens`;
  const heading = `turn ${turn.turn}${tokens} ${basisOfRecords([turn.record])}`;
  return [
    page.paint.strong(heading),
    ...(turn.text.trim() === "" ? [] : quoted(turn.text, "  ", page)),
    ...turn.actions.flatMap((action) => actionLines(action, page)),
    "",
  ];
}

function actionLines({ tool, command, background, result }: TalkAction, page: Page): string[] {
  const what =
    tool === "run_command" ? `$${background ? " (in the background)" : ""} ${command}` : `(${tool})`;
  return [
    ...quoted(what, "  ", page),
    ...(result === null
      ? []
      : [
          ...quoted(`exit ${result.exit} ${basisOfRecords([result.record])}`, "  < ", page),
          ...(result.output === "" ? [] : quoted(result.output, "  < ", page)),
        ]),
  ];
}

function quoted(text: string, before: string, { columns }: Page): string[] {
  const safe = terminalText(text, MOST_SHOWN).replaceAll("\t", "    ");
  return wrap(safe, Math.max(20, columns - before.length)).map((line) => `${before}${line}`.trimEnd());
}
