import { createHash } from "node:crypto";
import { lineHash } from "../journal/chain.ts";

/** What a seal says of a node's records of one attempt. */
export interface EvidenceDigestValue {
  /** sha256 of the lines, each with its newline, hex. */
  readonly sha256: string;
  readonly records: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** sha256 of the last line without its newline: what the next record of the node's chain names as `prev`. */
  readonly lastHash: string;
}

/** Running digest of a node's records of one attempt. Holds the state of a hash and the last line's, however many lines there are. */
export class EvidenceDigest {
  readonly #hash = createHash("sha256");
  #records = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #lastHash = "";

  /** How many lines were taken. */
  get records(): number {
    return this.#records;
  }

  /** Takes the next line, without its newline. */
  take(line: string, seq: number): void {
    this.#hash.update(line).update("\n");
    this.#lastHash = lineHash(line);
    if (this.#records === 0) this.#firstSeq = seq;
    this.#lastSeq = seq;
    this.#records += 1;
  }

  /** The digest of what was taken so far; more lines may follow. */
  value(): EvidenceDigestValue {
    return {
      sha256: this.#hash.copy().digest("hex"),
      records: this.#records,
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      lastHash: this.#lastHash,
    };
  }
}
