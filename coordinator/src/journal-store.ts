import {
  coordinatorRecordBodySchema,
  coordinatorRecordSchema,
  Projection,
  type CoordinatorRecord,
  type CoordinatorRecordBody,
} from "@redline/shared";
import { JournalBrokenError, openJournal, type JournalFile } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { JournalReader } from "./journal-reader.ts";

/** A write that takes longer than this is counted as one that will not end, ms. */
const STUCK_MS = 5000;

type Unchained = Omit<CoordinatorRecord, "seq" | "prev">;

/** The only way to change the coordinator's state: durable first, then applied, then acted on. */
export interface JournalStore {
  readonly state: Projection;
  readonly reader: JournalReader;
  /**
   * Appends, applies, and resolves with the record. Records that are committed together share a write and
   * are applied in the order of the calls.
   * @throws when the body would not be readable again, or when the disk failed; after the latter nothing more is taken.
   */
  commit(body: CoordinatorRecordBody): Promise<CoordinatorRecord>;
  /** False once a write failed, and while one takes so long that the disk must be counted as stuck. */
  writable(): boolean;
  /** Called after each applied record, in their order. */
  onApplied(listener: (record: CoordinatorRecord) => void): void;
  close(): Promise<void>;
}

/**
 * @param replayed called for each record that the journal holds already, with the state that it gave.
 * @throws JournalBrokenError when the chain does not verify or a line cannot be read.
 */
export async function openJournalStore(
  path: string,
  clock: Clock,
  onFailure: (error: unknown) => void,
  replayed: (record: CoordinatorRecord, state: Projection) => void = () => undefined,
): Promise<JournalStore> {
  const state = new Projection({ keepRecords: "live" });
  const reader = new JournalReader(path);
  const { journal } = await openJournal<Unchained>(path, (line, number) => {
    const parsed = coordinatorRecordSchema.safeParse(JSON.parse(line));
    if (!parsed.success)
      throw new JournalBrokenError(
        `${path}:${number}: ${parsed.error.issues[0]?.message ?? "unknown shape"}; it was written by another version: use that one, or move the file away to start a new journal`,
      );
    state.apply(parsed.data);
    reader.added(line);
    replayed(parsed.data, state);
  });
  return new Store(journal, state, reader, clock, onFailure);
}

class Store implements JournalStore {
  readonly state: Projection;
  readonly reader: JournalReader;
  readonly #journal: JournalFile<Unchained>;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #listeners: ((record: CoordinatorRecord) => void)[] = [];
  #writable = true;
  /** When each write that is under way began, the oldest first: they end in their order. */
  readonly #began: number[] = [];
  #applied: number;

  constructor(
    journal: JournalFile<Unchained>,
    state: Projection,
    reader: JournalReader,
    clock: Clock,
    onFailure: (error: unknown) => void,
  ) {
    this.#journal = journal;
    this.state = state;
    this.reader = reader;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#applied = journal.head().seq;
  }

  writable(): boolean {
    const oldest = this.#began.at(0);
    return this.#writable && (oldest === undefined || this.#clock.monoMs() - oldest < STUCK_MS);
  }

  onApplied(listener: (record: CoordinatorRecord) => void): void {
    this.#listeners.push(listener);
  }

  async commit(body: CoordinatorRecordBody): Promise<CoordinatorRecord> {
    // A line that the next start cannot read would lock the journal.
    coordinatorRecordBodySchema.parse(body);
    const monoMs = Math.round(this.#clock.monoMs() * 1000) / 1000;
    let appended;
    this.#began.push(monoMs);
    try {
      appended = await this.#journal.append({ v: 1, at: this.#clock.now().toISOString(), monoMs, body });
    } catch (error) {
      this.#writable = false;
      this.#onFailure(error);
      throw error;
    } finally {
      this.#began.shift();
    }
    const { record, line } = appended;
    if (record.seq !== this.#applied + 1)
      throw new Error(`record ${record.seq} came to be applied after ${this.#applied}`);
    this.#applied = record.seq;
    this.state.apply(record);
    this.reader.added(line);
    for (const listener of this.#listeners) listener(record);
    return record;
  }

  async close(): Promise<void> {
    await this.#journal.close();
    this.reader.end();
  }
}
