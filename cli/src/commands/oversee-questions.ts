import { terminalLine, type Projection, type StudyId } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import type { ApiClient } from "../source/api-client.ts";
import { duration } from "../terminal/duration.ts";
import type { Output } from "../terminal/output.ts";
import { notAllShown, shownAction, type ShownAction } from "./approval-shown.ts";
import { waitingQuestions, type WaitingQuestion } from "./approval-waiting.ts";
import type { Asker } from "./oversee-asker.ts";

export interface AnswerOptions {
  readonly client: Pick<ApiClient, "intervene" | "cancelTrial">;
  readonly projection: Projection;
  readonly studies: readonly StudyId[] | undefined;
  readonly asker: Asker;
  readonly out: Output;
  readonly signal: AbortSignal;
  /** Resolves when the projection changed since this was called. */
  readonly changed: () => Promise<void>;
  /** Called after each change, never while a question stands on the terminal. */
  readonly onChange: () => void;
  readonly over: () => boolean;
}

const PROMPT = "allow, deny, stop the trial, or leave it to others? [a/d/s/l] ";
const SURE = "NOT ALL of it is shown; allow it all the same? [yes/no] ";

/** Asks for one question after the other until nothing more can come, the input ends, or the signal aborts (then it rejects). */
export async function answerQuestions(options: AnswerOptions): Promise<void> {
  const { projection, studies, signal, changed, out } = options;
  /** Answered or left here. */
  const done = new Set<string>();
  for (;;) {
    signal.throwIfAborted();
    const change = changed();
    options.onChange();
    const next = waitingQuestions(projection, studies).find(({ id }) => !done.has(id));
    if (next === undefined) {
      if (options.over()) return;
      await change;
      continue;
    }
    const outcome = await askOne(next, options);
    if (outcome === "input ended") {
      out.line("the input has ended: what nobody answers in time is denied");
      return;
    }
    done.add(next.id);
  }
}

async function askOne(question: WaitingQuestion, options: AnswerOptions): Promise<"done" | "input ended"> {
  const { asker, out, signal } = options;
  const shown = shownAction(question, out.columns - BAR.length);
  for (const line of questionLines(question, shown, new Date())) out.line(line);
  using standing = watchStanding(question, options);
  const both = AbortSignal.any([signal, standing.gone]);
  try {
    const answer = await choose(asker, shown.whole, both);
    if (answer === null) return "input ended";
    if (answer === "l") return "done";
    const reason = await asker.ask("reason: ", both);
    if (reason === null) return "input ended";
    await send(question, answer, reason.trim() === "" ? "no reason given" : reason.trim(), options);
    return "done";
  } catch (error) {
    signal.throwIfAborted();
    if (!standing.gone.aborted) throw error;
    out.line(`${question.id}: ${wasDecided(question, options.projection)}`);
    // What was being typed for this one must not answer the next.
    return (await asker.ask("press Enter to go on ", signal)) === null ? "input ended" : "done";
  }
}

/** Allowing what is not shown whole takes a second word. */
async function choose(
  asker: Asker,
  whole: boolean,
  signal: AbortSignal,
): Promise<"a" | "d" | "s" | "l" | null> {
  for (;;) {
    const line = await asker.ask(PROMPT, signal);
    const letter = line?.trim().toLowerCase();
    if (letter === undefined) return null;
    if (letter === "a" && !whole) {
      const sure = await asker.ask(SURE, signal);
      if (sure === null) return null;
      if (sure.trim().toLowerCase() !== "yes") continue;
    }
    if (letter === "a" || letter === "d" || letter === "s" || letter === "l") return letter;
  }
}

/** A refusal, for a question that was decided meanwhile, is told and not thrown: there may be others. */
async function send(
  { id, trial, question }: WaitingQuestion,
  answer: "a" | "d" | "s",
  why: string,
  { client, out }: AnswerOptions,
): Promise<void> {
  const signed = { who: orderedBy(), why: why.slice(0, 300) };
  try {
    if (answer === "s") {
      const { silent } = await client.cancelTrial(trial, signed);
      out.line(
        `${trial} is cancelled${silent.length === 0 ? "" : `; ${terminalLine(silent.join(" "))} did not confirm`}`,
      );
      return;
    }
    const allow = answer === "a";
    const { done, why: refused } = await client.intervene(trial, {
      ...signed,
      act: { do: "decide", id: question, allow },
    });
    out.line(
      done ? `${id} is ${allow ? "allowed" : "denied"}` : `${id}: not done: ${terminalLine(refused, 500)}`,
    );
  } catch (error) {
    if (!(error instanceof CliError) || error.code === EXIT.unreachable) throw error;
    out.line(`${id}: ${terminalLine(error.message, 500)}`);
  }
}

const BAR = "  | ";

/** The action behind a bar on each line: no line of an agent's can pass for one of this command's. */
function questionLines(question: WaitingQuestion, { lines, whole }: ShownAction, now: Date): string[] {
  const { id, arm, pattern, untilMs } = question;
  return [
    "",
    `${id} (${arm}) asks; without an answer it is denied in ${duration(Math.max(0, untilMs - now.getTime()))}`,
    `  rule: ${terminalLine(pattern, 200)}`,
    ...lines.map((line) => `${BAR}${line}`),
    ...(whole ? [] : [`  ${notAllShown(question)}`]),
  ];
}

/** `gone` aborts when the question no longer waits: its time ran out, somebody else decided, or its attempt ended. */
function watchStanding(
  { id }: WaitingQuestion,
  { projection, studies, changed, signal }: AnswerOptions,
): { readonly gone: AbortSignal } & Disposable {
  const gone = new AbortController();
  let watching = true;
  const watch = async () => {
    while (watching && !signal.aborted) {
      const change = changed();
      if (!waitingQuestions(projection, studies).some((question) => question.id === id)) {
        gone.abort(new Error("the question is decided"));
        return;
      }
      await change;
    }
  };
  void watch();
  return {
    gone: gone.signal,
    [Symbol.dispose]() {
      watching = false;
    },
  };
}

function wasDecided({ trial, attempt, question }: WaitingQuestion, projection: Projection): string {
  const found = projection.attempt({ trial, attempt })?.approvals.get(question);
  return found === undefined || found.decision === "asked"
    ? "its attempt is over"
    : `${found.decision} by ${terminalLine(found.who, 100)} (${terminalLine(found.why, 300)})`;
}
