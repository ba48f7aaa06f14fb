import {
  coordinatorRecordBodySchema,
  coordinatorRecordSchema,
  Projection,
  type CoordinatorRecord,
  type CoordinatorRecordBody,
  type ChainHead,
} from "@redline/shared";
import { JournalBrokenError, openJournal, type JournalFile } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import { JournalReader } from "./journal-reader.ts";

/** A write, to the disk and the replica, that takes longer than this is counted as one that will not end, ms. */
const STUCK_MS = 5000;

type Unchained = Omit<CoordinatorRecord, "seq" | "prev">;

/** A standby, or a leader that ends, was asked to change something: only the leader may. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";
}

/** Where else than on the own disk a line must be before it counts. */
export interface Replica {
  /** Resolves in the order of the calls. @throws when this coordinator does not lead any more: nothing more is taken then. */
  publish(line: string, seq: number): Promise<void>;
  /** False once it is doubtful whether this coordinator leads. */
  leads(): boolean;
}

/** The only way to change the coordinator's state: durable first, then applied, then acted on. */
export interface JournalStore {
  readonly state: Projection;
  readonly reader: JournalReader;
  /**
   * Appends, applies, and resolves with the record. Records that are committed together share a write and
   * are applied in the order of the calls. Where there is a replica, it has the line before the record is applied.
   * @throws NotLeadingError on a standby; when the body would not be readable again, or when the disk failed; after the latter nothing more is taken.
   */
  commit(body: CoordinatorRecordBody): Promise<CoordinatorRecord>;
  /**
   * Takes a line that the leader wrote, byte for byte, and applies it. For a standby.
   * @throws JournalBrokenError when it is not the next one, or of a version that this one cannot read.
   */
  follow(line: string): Promise<void>;
  /** From here on this coordinator writes: every line to its own disk, and then to `replica`. */
  lead(replica: Replica): void;
  /** From here on this coordinator writes no more. Resolves when what it took before is committed, or was refused. */
  resign(): Promise<void>;
  /** Number and hash of the newest line, applied or not. */
  head(): ChainHead;
  /**
   * False once a write failed, while one takes so long that the disk or the replica must be counted as stuck, and where it is
   * doubtful whether this coordinator leads.
   */
  writable(): boolean;
  /** Called after each applied record, in their order; on a standby too. */
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
  mode: "alone" | "standby" = "alone",
): Promise<JournalStore> {
  const state = new Projection({ keepRecords: "live" });
  const reader = new JournalReader(path);
  const { journal } = await openJournal<Unchained>(path, (line, number) => {
    const record = readLine(
      line,
      `${path}:${number}`,
      "use that one, or move the file away to start a new journal",
    );
    state.apply(record);
    reader.added(line);
    replayed(record, state);
  });
  return new Store(journal, state, reader, clock, onFailure, mode);
}

function readLine(line: string, place: string, remedy: string): CoordinatorRecord {
  const parsed = coordinatorRecordSchema.safeParse(JSON.parse(line));
  if (parsed.success) return parsed.data;
  throw new JournalBrokenError(
    `${place}: ${parsed.error.issues[0]?.message ?? "unknown shape"}; it was written by another version: ${remedy}`,
  );
}

class Store implements JournalStore {
  readonly state: Projection;
  readonly reader: JournalReader;
  readonly #journal: JournalFile<Unchained>;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #listeners: ((record: CoordinatorRecord) => void)[] = [];
  readonly #follows: boolean;
  #replica: Replica | null = null;
  #resigned = false;
  /** Settles with the newest commit: they end in their order. */
  #newest: Promise<unknown> = Promise.resolve();
  #writable = true;
  /** When each commit that is under way began, the oldest first. */
  readonly #began: number[] = [];
  #applied: number;

  constructor(
    journal: JournalFile<Unchained>,
    state: Projection,
    reader: JournalReader,
    clock: Clock,
    onFailure: (error: unknown) => void,
    mode: "alone" | "standby",
  ) {
    this.#follows = mode === "standby";
    this.#journal = journal;
    this.state = state;
    this.reader = reader;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#applied = journal.head().seq;
  }

  writable(): boolean {
    const oldest = this.#began.at(0);
    if (this.#follows && this.#replica?.leads() !== true) return false;
    return this.#writable && (oldest === undefined || this.#clock.monoMs() - oldest < STUCK_MS);
  }

  head(): ChainHead {
    return this.#journal.head();
  }

  lead(replica: Replica): void {
    this.#replica = replica;
  }

  async resign(): Promise<void> {
    this.#resigned = true;
    await this.#newest;
  }

  onApplied(listener: (record: CoordinatorRecord) => void): void {
    this.#listeners.push(listener);
  }

  async commit(body: CoordinatorRecordBody): Promise<CoordinatorRecord> {
    const replica = this.#replica;
    if (this.#follows && replica === null)
      throw new NotLeadingError("this coordinator is the standby; the leader takes changes");
    if (this.#resigned) throw new NotLeadingError("this coordinator ends; the next leader takes changes");
    // A line that the next start cannot read would lock the journal.
    coordinatorRecordBodySchema.parse(body);
    const committed = this.#commit(body, replica);
    this.#newest = committed.catch(() => undefined);
    return committed;
  }

  async #commit(body: CoordinatorRecordBody, replica: Replica | null): Promise<CoordinatorRecord> {
    const monoMs = Math.round(this.#clock.monoMs() * 1000) / 1000;
    let appended;
    this.#began.push(monoMs);
    try {
      appended = await this.#journal.append({ v: 1, at: this.#clock.now().toISOString(), monoMs, body });
      if (replica !== null) await replica.publish(appended.line, appended.record.seq);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#began.shift();
    }
    const { record, line } = appended;
    this.#apply(record, line);
    return record;
  }

  async follow(line: string): Promise<void> {
    if (this.#replica !== null) throw new Error("a leader follows nobody");
    const place = `line ${this.#journal.head().seq + 1} of the leader's journal`;
    const record = readLine(line, place, "run the same version as the leader");
    try {
      await this.#journal.take(line);
    } catch (error) {
      if (error instanceof JournalBrokenError) throw error;
      throw this.#failed(error);
    }
    this.#apply(record, line);
  }

  #failed(error: unknown): unknown {
    this.#writable = false;
    this.#onFailure(error);
    return error;
  }

  #apply(record: CoordinatorRecord, line: string): void {
    if (record.seq !== this.#applied + 1)
      throw new Error(`record ${record.seq} came to be applied after ${this.#applied}`);
    this.#applied = record.seq;
    this.state.apply(record);
    this.reader.added(line);
    for (const listener of this.#listeners) listener(record);
  }

  async close(): Promise<void> {
    await this.#journal.close();
    this.reader.end();
  }
}
