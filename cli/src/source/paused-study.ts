import {
  BUDGET_NAMES,
  budgetUse,
  isFinal,
  terminalLine,
  usedUp,
  type StudyId,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import type { Why } from "./api-client.ts";

export interface PausedStudyOptions {
  readonly note: (text: string) => void;
  /** How a person types this command, and the option that finds this coordinator (with a space before it, or empty). */
  readonly self: string;
  readonly where: string;
  /** Whether nobody can raise a budget or repair the lab: then what is left of the study is cancelled once nothing runs any more. */
  readonly unattended: boolean;
  readonly cancel: (study: StudyId, why: Omit<Why, "who">) => Promise<unknown>;
  /** How often it is said again that nothing happens, ms. */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;

/** By whom but a person a study is paused: what nobody does then, and why the rest is cancelled. */
const OF_THE_COORDINATOR: Readonly<
  Record<string, { readonly todo: string; readonly why: string } | undefined>
> = {
  budget: { todo: "raise the budget", why: "the study's budget is used up" },
  faults: { todo: "repair the lab", why: "more infra faults than the study allows" },
};

/** Says to who follows a study why no attempt of it begins, and by which command it goes on. */
export class PausedStudyWatch implements Disposable {
  readonly #options: PausedStudyOptions;
  /** The pause that was told; empty: none. */
  #said = "";
  #cancelling = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: PausedStudyOptions) {
    this.#options = options;
  }

  /** Called after each piece of the journal; null until the study is known. */
  look(view: { readonly study: StudyView; readonly trials: readonly TrialView[] } | null): void {
    if (view === null) return;
    const { study, trials } = view;
    const pause = study.endedAt === null && study.paused !== null ? JSON.stringify(study.paused) : "";
    if (pause !== this.#said) {
      this.#said = pause;
      this.#say(pause === "" ? "" : pausedWords(study, trials, this.#options), study);
    }
    const reason = OF_THE_COORDINATOR[study.paused?.who ?? ""];
    if (reason !== undefined && this.#options.unattended) this.#endUnattended(study, trials, reason);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #say(text: string, study: StudyView): void {
    const { note, everyMs = EVERY_MS } = this.#options;
    this[Symbol.dispose]();
    if (text === "") {
      if (study.endedAt === null) note(`${study.id} goes on`);
      return;
    }
    note(text);
    this.#timer = setInterval(() => note(text), everyMs);
    this.#timer.unref();
  }

  #endUnattended(
    study: StudyView,
    trials: readonly TrialView[],
    reason: { readonly todo: string; readonly why: string },
  ): void {
    const left = trials.filter(({ state }) => state === "waiting").length;
    if (this.#cancelling || left === 0 || trials.some(({ state }) => state !== "waiting" && !isFinal(state)))
      return;
    this.#cancelling = true;
    const { note, cancel } = this.#options;
    note(`nobody is here to ${reason.todo}: what is left of ${study.id} is cancelled (${left} trials)`);
    cancel(study.id, { why: reason.why }).catch((error: unknown) => {
      // The next record gives another try.
      this.#cancelling = false;
      note(terminalLine(error instanceof Error ? error.message : String(error), 500));
    });
  }
}

/** Empty for a study that is not paused. */
function pausedWords(
  { id, paused, budget, definition }: StudyView,
  trials: readonly TrialView[],
  { self, where, unattended }: PausedStudyOptions,
): string {
  if (paused === null) return "";
  const head = `${id} is paused by ${terminalLine(paused.who, 100)}: ${terminalLine(paused.why, 300)}; no new attempt begins, what runs goes on`;
  if (paused.who === "faults" && unattended) return head;
  if (paused.who !== "budget") return `${head}. To go on: ${self} study resume ${id}${where} --why "..."`;
  if (unattended) return head;
  const use = budgetUse({ definition }, trials);
  const more = BUDGET_NAMES.flatMap((name) => {
    const most = budget[name];
    return most === undefined || usedUp({ [name]: most }, use).length === 0
      ? []
      : [`--budget ${name}=${Math.ceil(2 * Math.max(most, use[name]))}`];
  });
  return `${head}. To raise it: ${self} study change ${id}${where} ${more.join(" ")} --why "..."`;
}
