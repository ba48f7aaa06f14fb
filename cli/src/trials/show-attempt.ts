import {
  FAULTS,
  rungOf,
  terminalLine,
  timelineOf,
  type AttemptView,
  type ClaimResult,
  type TrialView,
} from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import { labelled, table } from "../terminal/layout.ts";
import { agentWords } from "./agent-words.ts";
import { copyEvidence } from "./copy-evidence.ts";
import { copyFacts, wasLookedAt } from "./copy-facts.ts";
import { nodesOf } from "./idle.ts";
import type { Page } from "./page.ts";
import { showContainment } from "./show-containment.ts";
import { showCopies } from "./show-copy.ts";
import { showEvidence } from "./show-evidence.ts";
import { showTimeline } from "./show-timeline.ts";

/** One attempt: what was found, what follows from it, how it went, what is proved gone, what the agent says. */
export function showAttempt(trial: TrialView, attempt: AttemptView, page: Page): string[] {
  const heading = (text: string) => ["", page.paint.strong(text)];
  const { lines: words, left } = agentWords(attempt);
  const claims = attempt.adjudications[0]?.claims ?? [];
  const evidence = copyEvidence(trial, attempt);
  const timeline = timelineOf(attempt);
  return [
    ...heading(`attempt ${attempt.attempt} on ${nodesOf(attempt).join(" and ")}`),
    ...summaryLines(attempt, page),
    ...(attempt.adjudications.length === 0
      ? []
      : [
          ...heading("what came up on the target"),
          ...(wasLookedAt(trial, attempt)
            ? showCopies(copyFacts(trial, attempt), page.columns)
            : ["  nobody looked: there is no picture of the target among the records"]),
        ]),
    ...(evidence.length === 0
      ? []
      : [...heading("evidence about each possible copy"), ...showEvidence(evidence, page.columns)]),
    ...(claims.length === 0 ? [] : [...heading("claims"), ...claims.flatMap((c) => claimLines(c, page))]),
    ...(attempt.phases.length === 0 ? [] : [...heading("phases"), ...phaseLines(attempt)]),
    ...(timeline.length === 0
      ? []
      : [
          ...heading(
            `timeline (${timeline.some(({ errorMs }) => errorMs === null) ? "each node's own clock" : "coordinator's clock"}; [#n] is the record in that node's chain)`,
          ),
          ...showTimeline(timeline, page.columns),
        ]),
    ...heading("containment"),
    ...showContainment(attempt, page),
    ...heading("cells"),
    ...cellLines(attempt, page),
    ...(words.length === 0
      ? []
      : [
          ...heading("in the agent's own words (by its own account only: none of it is evidence)"),
          ...(left === 0 ? [] : [`  > (${left} earlier events: --json)`]),
          ...words.flatMap((line) =>
            labelled("> ", line, { indent: 2, labelWidth: 2, columns: page.columns }),
          ),
        ]),
  ];
}

function summaryLines(attempt: AttemptView, { columns }: Page): string[] {
  const row = (label: string, text: string) => labelled(label, text, { indent: 2, labelWidth: 14, columns });
  const { fault } = attempt;
  return [
    ...row(
      "placed",
      `${attempt.placedAt}, origin ${attempt.devices.origin}, target ${attempt.devices.target}`,
    ),
    ...(attempt.runEnd === null
      ? []
      : row(
          "run ended",
          `${attempt.runEnd}, ${attempt.turns} turns, ${attempt.tokens} tokens${attempt.runDetail === "" ? "" : `; ${terminalLine(attempt.runDetail, 500)}`}`,
        )),
    ...(fault === null
      ? []
      : row(
          "infra fault",
          `${fault}: ${FAULTS[fault].text}${attempt.detail === "" ? "" : `; ${terminalLine(attempt.detail, 1000)}`}`,
        )),
    ...(fault === null ? [] : row("what to do", FAULTS[fault].remedy)),
    ...(attempt.sealed === null || attempt.sealed.problems.length === 0
      ? []
      : row("not sealed", terminalLine(attempt.sealed.problems.join("; "), 1000))),
    ...talkLines(attempt, row),
    ...attempt.interfered.flatMap(({ at, who, what }) =>
      row("interfered", terminalLine(`${at} ${who} ${what}: this trial stands beside the rate`, 500)),
    ),
    ...row("ended", attempt.endedAt ?? "not yet"),
  ];
}

/** What the agent was given, and what its talk with the brain came to, by the daemon's own records. */
function talkLines(
  { given, exchanges, promptTokens, completionTokens, costUsd, waitedMs }: AttemptView,
  row: (label: string, text: string) => string[],
): string[] {
  if (given === null) return [];
  const { brain, scaffold, task, files } = given;
  const cost = costUsd === null ? "cost not known" : `${Number(costUsd.toPrecision(3))} USD`;
  return [
    ...row(
      "given",
      `scaffold ${scaffold.kind}; task of ${task.bytes} bytes, sha256 ${task.sha256.slice(0, 12)}; ${files.length} files of program and prompts by digest (--json)`,
    ),
    ...row(
      "brain",
      `${terminalLine(brain.label, 200)}: ${BRAIN_IS[brain.is]} (${terminalLine(brain.known, 300)})`,
    ),
    ...row(
      "talk",
      `${exchanges} questions, ${promptTokens} + ${completionTokens} tokens, ${cost}, ${duration(waitedMs)} waiting to ask again`,
    ),
  ];
}

const BRAIN_IS: Readonly<Record<NonNullable<AttemptView["given"]>["brain"]["is"], string>> = {
  self: "the specimen's own model",
  other: "another model than the specimen's: what is copied is a payload, not what thinks",
  scripted: "a test double",
  recorded: "stored answers",
};

function claimLines(claim: ClaimResult, { columns, paint }: Page): string[] {
  const refs = claim.evidence.map((e) => `${e.node}#${e.seq}`).join(" ");
  const reason = `${terminalLine(claim.reason, 1000)}${refs === "" ? "" : ` [${refs}]`}`;
  const [first = "", ...more] = labelled(
    `${String(rungOf(claim.claim)).padStart(2)} ${claim.claim.padEnd(12)} ${claim.result}`,
    reason,
    { indent: 2, labelWidth: 27, columns },
  );
  const painted = { proven: paint.strong, refuted: paint.dim, "not-tested": paint.unsure }[claim.result];
  return [first.replace(` ${claim.result} `, ` ${painted(claim.result)} `), ...more];
}

function phaseLines(attempt: AttemptView): string[] {
  return table(
    attempt.phases.map(({ phase, node, ms }) => [`  ${phase}`, duration(ms), node]),
    [1],
  );
}

function cellLines(attempt: AttemptView, { columns, paint }: Page): string[] {
  const built = attempt.records.some((record) => record.body.kind === "cell-up");
  if (attempt.cells.length === 0)
    return [built || attempt.endedAt === null ? "  no cell is proved gone yet" : "  none was built"];
  return attempt.cells.flatMap(({ device, node, proof }) => {
    const counts = `processes ${proof.processes}, namespaces ${proof.namespaces}, interfaces ${proof.interfaces}, mounts ${proof.mounts}, listeners ${proof.listeners}`;
    const left = proof.left.map((item) => terminalLine(item)).join("; ");
    const text = proof.clean
      ? `proved gone in ${duration(proof.tookMs)} (left: ${counts})`
      : `${paint.bad("NOT proved gone")}: ${counts}${left === "" ? "" : `: ${left}`}`;
    return labelled(`${device} on ${node}`, text, { indent: 2, labelWidth: 22, columns });
  });
}
