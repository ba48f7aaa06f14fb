import {
  coordinatorRecordSchema,
  EMPTY_HEAD,
  lineHash,
  Projection,
  type ChainHead,
  type CoordinatorRecord,
} from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/**
 * The coordinator's journal as state, taken in piece by piece. Each line is checked against the hash of
 * the line before it, so that what is shown is what was chained.
 */
export class JournalState {
  readonly projection = new Projection();
  #head: ChainHead = EMPTY_HEAD;
  #at: string | null = null;
  readonly #before: (record: CoordinatorRecord, state: Projection) => void;

  /** @param before gets each record with the state of those before it. */
  constructor(before: (record: CoordinatorRecord, state: Projection) => void = () => undefined) {
    this.#before = before;
  }

  /** Number and hash of the newest record. */
  get head(): ChainHead {
    return this.#head;
  }
  /** Wall time of the newest record. */
  get at(): string | null {
    return this.#at;
  }

  /** @throws CliError when a line does not continue the chain or is no record. */
  take(lines: readonly string[]): CoordinatorRecord[] {
    return lines.map((line) => {
      const record = this.#parse(line);
      if (record.seq !== this.#head.seq + 1 || record.prev !== this.#head.hash)
        throw broken(this.#head.seq + 1, "does not continue the chain");
      this.#head = { seq: record.seq, hash: lineHash(line) };
      this.#at = record.at;
      this.#before(record, this.projection);
      this.projection.apply(record);
      return record;
    });
  }

  #parse(line: string): CoordinatorRecord {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (cause) {
      throw broken(this.#head.seq + 1, "is not JSON", cause);
    }
    const parsed = coordinatorRecordSchema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw broken(this.#head.seq + 1, "is no record that this version knows", parsed.error);
  }
}

const broken = (seq: number, why: string, cause?: unknown) =>
  new CliError(EXIT.unexpected, `record ${seq} of the journal ${why}`, {
    remedy: "redline journal verify",
    cause,
  });
