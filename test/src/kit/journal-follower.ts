import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import {
  CHAIN_START,
  coordinatorRecordSchema,
  lineHash,
  Projection,
  type CoordinatorRecord,
  type TrialView,
} from "@redline/shared";

/**
 * Reads on in a coordinator's journal file, whatever becomes of the coordinator. A line that is not whole yet is left for later. One of a pair
 * may cut lines off that nobody acted on: where the file does not go on as it was, it is read anew.
 */
export class JournalFollower {
  readonly #path: string;
  state = new Projection();
  records: CoordinatorRecord[] = [];
  /** How often the file did not go on as it was. */
  begunAnew = 0;
  #last = CHAIN_START;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes in what is new. A torn line that a restarted coordinator cuts off was never whole, so that nothing taken in is taken back. */
  read(): void {
    if (this.#goesOn()) return;
    this.begunAnew += 1;
    [this.state, this.records, this.#last, this.#at] = [new Projection(), [], CHAIN_START, 0];
    if (!this.#goesOn()) throw new Error(`${this.#path} is no chain from its start`);
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

  /** False where what follows does not belong to what was read. */
  #goesOn(): boolean {
    const whole = readFrom(this.#path, this.#at);
    if (whole === null) return true;
    const end = whole.lastIndexOf(0x0a) + 1;
    for (const line of whole.subarray(0, end).toString("utf8").split("\n").slice(0, -1))
      if (!this.#take(line)) return false;
    this.#at += end;
    return true;
  }

  #take(line: string): boolean {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      return false;
    }
    const record = coordinatorRecordSchema.parse(json);
    if (record.prev !== this.#last) return false;
    this.#last = lineHash(line);
    this.records.push(record);
    this.state.apply(record);
    return true;
  }
}

/** From there to the end; null where there is no such file. A file that is shorter by now gives a line end alone, which is no record. */
function readFrom(path: string, at: number): Buffer | null {
  let file;
  try {
    file = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(file);
    if (size < at) return Buffer.from("\n");
    const bytes = Buffer.alloc(size - at);
    const got = size === at ? 0 : readSync(file, bytes, 0, bytes.length, at);
    return bytes.subarray(0, got);
  } finally {
    closeSync(file);
  }
}
