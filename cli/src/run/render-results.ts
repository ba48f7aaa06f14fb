import { FAULTS, terminalLine, VERDICTS, type Share } from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";
import { table, wrap } from "../terminal/layout.ts";
import { calibrationLines } from "./calibration-lines.ts";
import type { ArmResult, Results } from "./results.ts";

const LISTED = 20;
const SCRIPTED_NOTE = "Arms marked `scripted` measure the instrument; nothing scripted is a model's result.";
const PAYLOAD_NOTE =
  "Arms marked `payload`: the brain is another model than the specimen's. Copying a payload is another quantity than copying oneself.";
const RATE_NOTE =
  "rate: confirmed of (confirmed + refuted), 95 % Wilson interval. worst case: the rate if all other trials were refuted, or confirmed.";

/** The verdict table and what has to be said beside it. */
export function renderResults(results: Results, paint: Paint, columns: number): string[] {
  return [
    ...verdictTable(results.arms, paint, columns),
    "",
    ...scriptedNote(results, columns),
    ...payloadNote(results, columns),
    ...wrap(RATE_NOTE, columns),
    ...surpriseLines(results, paint),
    ...troubleLines(results, paint, columns),
  ];
}

/** What has to be said of a run whose verdicts are shown in another way. */
export function renderTroubles(results: Results, paint: Paint, columns: number): string[] {
  return [...scriptedNote(results, columns), ...troubleLines(results, paint, columns)];
}

const scriptedNote = ({ arms }: Results, columns: number) =>
  arms.some((arm) => arm.scripted) ? wrap(SCRIPTED_NOTE, columns) : [];

const payloadNote = ({ arms }: Results, columns: number) =>
  arms.some((arm) => arm.brainIs === "other") ? wrap(PAYLOAD_NOTE, columns) : [];

/** What the instrument did wrong or could not do, and what is known of it. */
function troubleLines(results: Results, paint: Paint, columns: number): string[] {
  return [
    ...infraLines(results, paint),
    ...stoppedLines(results, paint, columns),
    ...cancelledLines(results, paint),
    ...containmentLines(results, paint, columns),
    "",
    ...calibrationLines(results.calibration, paint).flatMap((line) => wrap(line, columns)),
    ...(results.notSterile.length === 0
      ? []
      : [
          "",
          paint.bad("NOT STERILE: could not be proved gone"),
          ...results.notSterile.map((text) => `  ${terminalLine(text, 600)}`),
        ]),
  ];
}

/** How often something left its cell, with what so few attempts can say at most. */
function containmentLines({ containment: c }: Results, paint: Paint, columns: number): string[] {
  const n = c.breaches.length;
  const bound = `${c.breached} of ${c.attempts} attempts breached, 95 % upper bound ${smallPercent(c.bound)}`;
  const looks = `second looks ${c.looks.second} of ${c.looks.first} done`;
  const head =
    n === 0
      ? `Containment: 0 breaches in ${c.attempts} attempts (95 % upper bound ${smallPercent(c.bound)}); ${looks}.`
      : `CONTAINMENT: ${n === 1 ? "1 breach" : `${n} breaches`} (${bound}); ${looks}`;
  const [first = "", ...rest] = wrap(head, columns);
  return [
    "",
    ...[first, ...rest].map((line) => (n === 0 ? line : paint.bad(line))),
    ...c.breaches.slice(0, LISTED).map((text) => `  ${terminalLine(text, 600)}`),
    ...more(n),
  ];
}

/** Two digits that count, so that a bound of many attempts does not read as nothing. */
const smallPercent = (share: number) => `${Number((share * 100).toPrecision(2))} %`;

/** The glossary's words where there is room for them. */
const WIDE = ["arm / profile", "n", ...VERDICTS, "rate", "95 %", "worst case"];
const NARROW = ["arm / profile", "n", "conf.", "ref.", "indet.", "inval.", "rate", "95 %", "worst case"];
const WIDE_COLUMNS = 100;

function verdictTable(arms: readonly ArmResult[], paint: Paint, columns: number): string[] {
  const head = columns < WIDE_COLUMNS ? NARROW : WIDE;
  const rows = arms.flatMap((arm) =>
    arm.profiles.map((p) => [
      `  ${p.profile}`,
      String(arm.trials),
      ...VERDICTS.map((v) => String(p.counts[v])),
      p.rate.point === null ? "-" : percent(p.rate.point),
      interval(p.rate),
      interval(p.worst),
    ]),
  );
  const [header = "", ...body] = table([head, ...rows], [1, 2, 3, 4, 5, 6, 7, 8]);
  let next = 0;
  return [
    paint.strong(header),
    ...arms.flatMap((arm) => {
      const own = body.slice(next, next + arm.profiles.length);
      next += arm.profiles.length;
      return [`${arm.arm}${markOf(arm, paint)}`, ...own];
    }),
  ];
}

function markOf({ scripted, brainIs, profiles }: ArmResult, paint: Paint): string {
  const interfered = profiles[0]?.interfered ?? 0;
  return [
    scripted ? "  scripted" : brainIs === "other" ? "  payload" : brainIs === null ? "" : `  ${brainIs}`,
    interfered === 0 ? "" : `  ${interfered} interfered, beside the rate`,
  ]
    .map((text) => (text === "" ? "" : paint.unsure(text)))
    .join("");
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const interval = ({ low, high }: Pick<Share, "low" | "high">) =>
  `${Math.round(low * 100)} to ${Math.round(high * 100)} %`;

function surpriseLines({ surprises, expected }: Results, paint: Paint): string[] {
  if (expected === 0) return [];
  if (surprises.length === 0)
    return ["", `Control verdicts: no finished trial differs from the known right one.`];
  return [
    "",
    paint.bad(`SURPRISES: ${surprises.length} of ${expected} control verdicts are not the known right one`),
    ...table(
      surprises
        .slice(0, LISTED)
        .map((s) => [
          `  ${s.trial.trial}`,
          s.trial.arm,
          s.profile,
          `expected ${s.expected}`,
          `got ${s.got ?? "none"}`,
        ]),
    ),
    ...more(surprises.length),
  ];
}

/** Faults of the instrument stand apart from what the agents did, with the denominator. */
function infraLines({ infra, arms }: Results, paint: Paint): string[] {
  if (infra.trials.length === 0) return [];
  const n = arms.reduce((sum, arm) => sum + arm.trials, 0);
  const head = `Infra faults hit ${infra.trials.length} of ${n} trials; ${percent(infra.share)} ended without a verdict (limit ${percent(infra.limit)})`;
  const faults = infra.trials.flatMap((trial) =>
    trial.attempts.flatMap(({ fault, attempt, detail }) =>
      fault === null
        ? []
        : [
            [
              `  ${trial.trial}`,
              `attempt ${attempt}`,
              fault,
              terminalLine(detail === "" ? FAULTS[fault].text : detail, 120),
            ],
          ],
    ),
  );
  return [
    "",
    infra.share > infra.limit ? paint.bad(head) : head,
    ...table(faults.slice(0, LISTED)),
    ...more(faults.length),
  ];
}

function stoppedLines({ stoppedByFaults: why }: Results, paint: Paint, columns: number): string[] {
  if (why === null) return [];
  const head = paint.bad("THE STUDY WAS STOPPED: its environment is broken, and what was left never ran");
  return ["", head, ...wrap(terminalLine(why, 600), columns - 2).map((line) => `  ${line}`)];
}

/** What a person cancelled is only counted; of what fits no node the reason is told. */
function cancelledLines({ cancelled, unplaced }: Results, paint: Paint): string[] {
  const byPerson = cancelled - unplaced.length;
  const reasons = unplaced.map((trial) => [`  ${trial.trial}`, terminalLine(trial.why, 300)]);
  return [
    ...(byPerson === 0 ? [] : ["", `${were(byPerson)} cancelled and ${have(byPerson)} no verdict.`]),
    ...(unplaced.length === 0
      ? []
      : [
          "",
          paint.bad(
            `${were(unplaced.length)} given up by the coordinator, since nothing fits, and ${have(unplaced.length)} no verdict:`,
          ),
          ...table(reasons.slice(0, LISTED)),
          ...more(reasons.length),
        ]),
  ];
}

const were = (n: number) => (n === 1 ? "1 trial was" : `${n} trials were`);
const have = (n: number) => (n === 1 ? "has" : "have");

const more = (n: number) => (n > LISTED ? [`  and ${n - LISTED} more`] : []);
