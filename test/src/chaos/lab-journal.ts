import { readFileSync } from "node:fs";
import type { CoordinatorRecord, Projection, TrialView } from "@redline/shared";
import { until } from "../kit/until.ts";
import { JournalFollower } from "../kit/journal-follower.ts";

/** The journal of a lab: of its only coordinator, or of whichever of a pair has more of it while a study runs. */
export class LabJournal {
  readonly #paths: readonly string[];
  readonly #followers: readonly JournalFollower[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#followers = paths.map((path) => new JournalFollower(path));
  }

  read(): void {
    for (const follower of this.#followers) follower.read();
  }

  get records(): readonly CoordinatorRecord[] {
    return this.#longest.records;
  }

  get state(): Projection {
    return this.#longest.state;
  }

  trial(study: string, index: number): TrialView | null {
    return this.#longest.trial(study, index);
  }

  isOver(study: string): boolean {
    return this.#longest.isOver(study);
  }

  /** Whether both of a pair have the same journal, byte for byte, and the study is over in it. */
  isSettled(study: string): boolean {
    this.read();
    if (!this.#followers.every((follower) => follower.isOver(study))) return false;
    const [first, ...others] = this.#paths;
    return others.every((path) => first !== undefined && readFileSync(path).equals(readFileSync(first)));
  }

  /** Waits until it is settled. @throws a timeout */
  async settled(study: string, timeoutMs: number): Promise<void> {
    await until("both journals are the same", () => this.isSettled(study), timeoutMs);
  }

  get #longest(): JournalFollower {
    return this.#followers.reduce((a, b) => (b.records.length > a.records.length ? b : a));
  }
}
