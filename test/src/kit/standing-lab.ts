import type { StudyView, TrialView } from "@redline/shared";
import { z } from "zod";
import { redline, type Ended, type Workplace } from "./redline.ts";
import { until } from "./until.ts";

const factsSchema = z.object({ coordinator: z.string() });
type Run = ReturnType<typeof redline>;

/** One study in a lab that stays up. */
export interface StandingStudy {
  /** The `redline run` that follows it. */
  readonly process: Run;
  readonly view: () => StudyView | undefined;
  readonly trials: () => TrialView[];
  readonly trial: (brain: string) => TrialView | undefined;
}

export interface StandingLabOptions {
  /** More words for `redline lab`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `redline lab`, for several studies at once: each test looks at the trials of its own study. The specimens are there before it is up. */
export class StandingLab {
  readonly #place: Workplace;
  readonly #lab: Run;
  readonly #socket: string;
  readonly #runs: Run[] = [];

  private constructor(place: Workplace, lab: Run, socket: string) {
    this.#place = place;
    this.#lab = lab;
    this.#socket = socket;
  }

  static async up(place: Workplace, { args = [], env = {} }: StandingLabOptions = {}): Promise<StandingLab> {
    const specimen = `${place.dir}/specimens/tiny`;
    const words = ["lab", "--json", "--state", place.state, ...args, "--specimen", specimen];
    const lab = redline(words, place.dir, env);
    const socket = await until(
      "the lab is up",
      () => /^\{[^]*\}$/m.test(lab.stdout()) && factsSchema.parse(JSON.parse(lab.stdout())).coordinator,
      200_000,
    );
    return new StandingLab(place, lab, socket);
  }

  /** The command that holds the lab; all of it is below. */
  get pid(): number {
    return this.#lab.pid;
  }

  /** A command to the lab's coordinator. */
  async order(...words: string[]) {
    const ended = await redline([...words, "--socket", this.#socket], this.#place.dir).ended;
    return { words, code: ended.code, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** Runs a study. Its name is its own in this lab. */
  async begin(text: string): Promise<StandingStudy> {
    const name = /^study: (\S+)$/m.exec(text)?.[1] ?? "";
    const named = () =>
      [...this.#place.live().studies.values()].filter(({ definition }) => definition.study === name);
    // Of a test that is tried once more.
    const before = new Set(named().map(({ id }) => id));
    const file = await this.#place.studyFile(name, text);
    const process = redline(["run", file, "--socket", this.#socket], this.#place.dir);
    this.#runs.push(process);
    const view = () => named().find(({ id }) => !before.has(id));
    const trials = () => {
      const id = view()?.id;
      return [...this.#place.live().trials.values()].filter(({ study }) => study === id);
    };
    return { process, view, trials, trial: (brain) => trials().find((trial) => trial.brain === brain) };
  }

  /** Orderly, as Ctrl-C ends it. */
  async end(): Promise<Ended> {
    // Of a test that failed: they would wait for their study.
    for (const run of this.#runs) run.kill("SIGKILL");
    this.#lab.kill("SIGINT");
    return this.#lab.ended;
  }
}
