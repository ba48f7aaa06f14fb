import type { ChildProcess } from "node:child_process";
import { z } from "zod";
import { parsedJson } from "./json-field.ts";
import type { ProberJob, ProberOrder } from "./prober-job.ts";

/** Results of a job as JSON values, or why the instrument could not ask: `untested`, never a refutation. */
export type ProberAnswer =
  { readonly ok: true; readonly results: readonly unknown[] } | { readonly ok: false; readonly why: string };

export interface JobLimits {
  /** The prober is killed then, ms: it should have ended the job itself. */
  readonly limitMs: number;
  /** More characters of results than this kill it too. */
  readonly maxOutputChars: number;
  readonly signal?: AbortSignal;
}

const lineSchema = z.union([
  z.strictObject({ id: z.number(), over: z.string() }),
  z.strictObject({ id: z.number(), result: z.unknown() }),
]);

/** What is read of one line at most: longer than any result may be. */
const MOST_LINE_CHARS = 16 * 1024 * 1024;
/** A job that is given up must be over by then, ms. */
const GIVE_UP_MS = 1000;
/** Without a job for this long it is ended, ms: the steps of a challenge lie closer together, also on a busy machine. */
const IDLE_MS = 15_000;

interface Asked {
  readonly limits: JobLimits;
  readonly results: unknown[];
  chars: number;
  readonly end: (answer: ProberAnswer) => void;
}

/**
 * The daemon's end of one prober: a child in a cell's network namespace that takes jobs until it has had none for a while. A child
 * that does anything but what it was told is killed, and every job of it fails.
 */
export class Prober {
  readonly #child: ChildProcess;
  readonly #jobs = new Map<number, Asked>();
  readonly #onEnd: () => void;
  readonly #idleMs: number;
  #next = 0;
  #rest = "";
  #stderr = "";
  #ended: string | undefined;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @param child as `startInNetns` starts it.
   * @param startedBy for an error: the tool that could not be run.
   * @param onEnd takes no more jobs from now on; called once.
   */
  constructor(child: ChildProcess, startedBy: string, onEnd: () => void, idleMs = IDLE_MS) {
    this.#child = child;
    this.#onEnd = onEnd;
    this.#idleMs = idleMs;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.#stderr = (this.#stderr + text).slice(0, 300)));
    // EPIPE of a child that is gone: `close` tells.
    child.stdin?.on("error", () => undefined);
    child.on("error", (error) => {
      if (child.pid === undefined) this.#end(`${startedBy}: ${error.message}`);
    });
    child.on("close", (code, by) => this.#end(`prober ended (${code ?? by ?? ""}): ${this.#stderr}`));
  }

  /** Never rejects. When it resolves nothing of the job is under way in the cell. */
  run(job: ProberJob, limits: JobLimits): Promise<ProberAnswer> {
    const { signal } = limits;
    if (this.#ended !== undefined) return Promise.resolve({ ok: false, why: this.#ended });
    if (signal?.aborted === true) return Promise.resolve({ ok: false, why: "prober not asked: aborted" });
    clearTimeout(this.#idle);
    const id = this.#next++;
    return new Promise((resolve) => {
      let late: NodeJS.Timeout | undefined;
      const giveUp = () => {
        this.#tell({ id });
        late = setTimeout(() => this.#kill(), GIVE_UP_MS);
      };
      const limit = setTimeout(() => this.#kill(), limits.limitMs);
      const end = (answer: ProberAnswer) => {
        clearTimeout(limit);
        clearTimeout(late);
        signal?.removeEventListener("abort", giveUp);
        this.#jobs.delete(id);
        if (this.#jobs.size === 0) this.#rests();
        resolve(signal?.aborted === true ? { ok: false, why: "prober ended (aborted)" } : answer);
      };
      this.#jobs.set(id, { limits, results: [], chars: 0, end });
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#tell({ id, job });
    });
  }

  #tell(order: ProberOrder): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #read(text: string): void {
    // Only what is new is split: a long line comes in many pieces.
    const pieces = text.split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      this.#take(this.#rest + piece);
      this.#rest = "";
    }
    this.#rest += last;
    if (this.#rest.length > MOST_LINE_CHARS) this.#kill();
  }

  #take(line: string): void {
    const said = lineSchema.safeParse(parsedJson(line));
    const asked = said.success ? this.#jobs.get(said.data.id) : undefined;
    if (!said.success || asked === undefined) {
      this.#kill();
      return;
    }
    if ("over" in said.data) {
      const { over } = said.data;
      asked.end(over === "" ? { ok: true, results: asked.results } : { ok: false, why: `prober: ${over}` });
      return;
    }
    asked.chars += line.length;
    if (asked.chars > asked.limits.maxOutputChars) this.#kill();
    else asked.results.push(said.data.result);
  }

  #rests(): void {
    if (this.#ended !== undefined) return;
    this.#idle = setTimeout(() => {
      this.#noMoreJobs("prober ended (idle)");
      // It ends with its stdin; one that does not is stuck.
      this.#child.stdin?.end();
      const stuck = setTimeout(() => this.#child.kill("SIGKILL"), GIVE_UP_MS);
      this.#child.once("close", () => clearTimeout(stuck));
    }, this.#idleMs);
    this.#idle.unref();
  }

  /** `close` follows, and ends all jobs: none of them may be said to be over while the child could still ask. */
  #kill(): void {
    this.#child.kill("SIGKILL");
  }

  #end(why: string): void {
    this.#noMoreJobs(why);
    for (const { end } of [...this.#jobs.values()]) end({ ok: false, why });
  }

  #noMoreJobs(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    clearTimeout(this.#idle);
    this.#onEnd();
  }
}
