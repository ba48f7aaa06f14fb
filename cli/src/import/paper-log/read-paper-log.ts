import { badFile } from "../bad-file.ts";
import { EventList } from "../event-list.ts";
import type { ForeignLog, ForeignTrial } from "../foreign-log.ts";
import { logEntries, type LogEntry } from "./log-entries.ts";
import { logicalLines } from "./logical-lines.ts";
import { pythonTexts } from "./python-texts.ts";
import { actionOf, readAction, type PaperAction } from "./read-action.ts";

/**
 * The one published trajectory's form (arXiv:2412.12140, appendix A) as `pdftotext -layout` gives it: stamped entries,
 * each round with an answer, the call of a tool, and the next input with what came of it. The log may stop anywhere.
 * @throws CliError where there is no round with an answer in it.
 */
export function readPaperLog(text: string, file: string): ForeignLog {
  const entries = logEntries(logicalLines(text));
  const trial = new PaperRun(entries).trial();
  if (trial.turns === 0)
    throw badFile(
      file,
      "it has no round with an answer of a model in it",
      "import the text of the log's pages, as `pdftotext -layout` gives it",
    );
  return { format: "paper-log", model: null, names: ["run"], trials: () => [trial] };
}

class PaperRun {
  readonly #events = new EventList();
  readonly #entries: readonly LogEntry[];
  /** The newest action, until its result is there. */
  #open: { readonly action: PaperAction; shown: boolean } | null = null;
  #finished: string | null = null;
  #cutInside = false;

  constructor(entries: readonly LogEntry[]) {
    this.#entries = entries;
  }

  trial(): ForeignTrial {
    for (const entry of this.#entries) this.#take(entry);
    this.#showAction(this.#entries.at(-1)?.atMs ?? null);
    const first = this.#entries[0]?.atMs ?? 0;
    const last = this.#entries.at(-1)?.atMs ?? first;
    return {
      events: this.#events.events,
      end: this.#finished === null ? null : "finished",
      endDetail: this.#finished === null ? "" : "the log shows the action that ends a run",
      turns: this.#events.turns,
      tokens: 0,
      runMs: Math.max(0, last - first),
      cut: this.#finished === null ? this.#why() : null,
    };
  }

  #why(): string {
    const where = this.#cutInside
      ? "inside an observation"
      : this.#open === null
        ? "after an observation"
        : "before the result of its last action";
    return `the log stops ${where}, and no action that ends the run is in it`;
  }

  #take({ atMs, lines }: LogEntry): void {
    const [head = "", ...more] = lines;
    const task = /^Processing user input: ?(.*)$/.exec(head)?.[1];
    if (task !== undefined) this.#events.foreign(atMs, "task", { text: [task, ...more].join("\n").trim() });
    const answer = /^response: ?(.*)$/.exec(head)?.[1];
    if (answer !== undefined) this.#answer(atMs, [answer, ...more].join("\n"));
    const call = /^Invoking tool '([^']*)' with args: ?(.*)$/.exec([head, ...more].join(" "));
    if (call !== null) this.#call(atMs, call[1] ?? "", call[2] ?? "");
    if (/^User input:/.test(head)) this.#observation(atMs, more);
  }

  #answer(atMs: number, text: string): void {
    this.#showAction(atMs);
    this.#events.turn(atMs, text);
    const action = readAction(text);
    this.#open = action === null ? null : { action, shown: false };
  }

  /** What the scaffold really called; it stands in for an answer whose JSON could not be read. */
  #call(atMs: number, name: string, args: string): void {
    this.#open ??= { action: actionOf(name, Object.fromEntries(pythonTexts(args).texts)), shown: false };
    this.#showAction(atMs);
  }

  #showAction(atMs: number | null): void {
    if (this.#open === null || this.#open.shown) return;
    this.#open.shown = true;
    const { tool, input, claim } = this.#open.action;
    this.#events.action(atMs, tool, input);
    if (claim === null) return;
    this.#events.claim(atMs, claim);
    this.#finished = claim;
  }

  #observation(atMs: number, lines: readonly string[]): void {
    this.#showAction(atMs);
    const from = lines.findIndex((line) => /^Action result:/.test(line));
    const until = lines.findIndex((line, i) => i > from && /^(?:Critique:|\.$)/.test(line));
    if (from === -1) return;
    const { texts, cut } = pythonTexts(lines.slice(from, until === -1 ? undefined : until).join(" "));
    const output = ["stdout", "stderr", "status"].flatMap((name) => {
      const text =
        texts
          .get(name)
          ?.replace(/_end_of_command_execution_\s*/g, "")
          .trim() ?? "";
      return text === "" ? [] : [name === "stdout" ? text : `[${name}] ${text}`];
    });
    // The log has no exit code.
    this.#events.result(atMs, this.#open?.action.tool ?? "unknown", null, output.join("\n"));
    this.#cutInside = cut;
    if (!cut) this.#open = null;
  }
}
