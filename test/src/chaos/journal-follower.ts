import { closeSync, openSync, readSync } from "node:fs";
import { coordinatorRecordSchema, Projection, type CoordinatorRecord, type TrialView } from "@redline/shared";

const CHUNK = 1_048_576;

/** Reads on in the coordinator's journal file, whatever becomes of the coordinator. A line that is not whole yet is left for later. */
export class JournalFollower {
  readonly #path: string;
  readonly state = new Projection();
  readonly records: CoordinatorRecord[] = [];
  readonly lines: string[] = [];
  #at = 0;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes in what is new. A torn line that a restarted coordinator cuts off was never whole, so that nothing taken in is taken back. */
  read(): void {
    let file;
    try {
      file = openSync(this.#path, "r");
    } catch {
      return;
    }
    try {
      for (;;) {
        const chunk = Buffer.alloc(CHUNK);
        const size = readSync(file, chunk, 0, CHUNK, this.#at);
        if (size === 0) return;
        const text = Buffer.concat([this.#rest, chunk.subarray(0, size)]);
        const whole = text.lastIndexOf(0x0a) + 1;
        this.#at += size;
        this.#rest = text.subarray(whole);
        for (const line of text.subarray(0, whole).toString("utf8").split("\n").slice(0, -1))
          this.#take(line);
        if (size < CHUNK) {
          // What is torn is read anew next time: it may have been cut off by then.
          this.#at -= this.#rest.length;
          this.#rest = Buffer.alloc(0);
          return;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Of the study's trials in their order. */
  trial(study: string, index: number): TrialView | null {
    const view = [...this.state.studies.values()].find(({ id }) => id === study);
    const trial = view?.trials[index];
    return trial === undefined ? null : (this.state.trials.get(trial) ?? null);
  }

  isOver(study: string): boolean {
    return [...this.state.studies.values()].some(({ id, endedAt }) => id === study && endedAt !== null);
  }

  #take(line: string): void {
    const record = coordinatorRecordSchema.parse(JSON.parse(line));
    this.lines.push(line);
    this.records.push(record);
    this.state.apply(record);
  }
}
