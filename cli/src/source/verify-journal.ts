import {
  ChainVerifier,
  coordinatorRecordSchema,
  Projection,
  type CoordinatorRecord,
  type NodeId,
} from "@redline/shared";
import { RecordChecks } from "./record-checks.ts";

/** What came of checking one chain. `at` names the record or line that broke it. */
export type ChainReport =
  | {
      readonly name: string;
      readonly ok: true;
      readonly records: number;
      readonly head: string;
      /** Lines of it that the coordinator holds, where both were compared. */
      readonly held?: number;
    }
  | { readonly name: string; readonly ok: false; readonly at: string; readonly why: string };

/** What came of recomputing the recorded verdicts. */
export interface VerdictReport {
  readonly ok: boolean;
  /** How many were recomputed: one a trial's attempt and profile. */
  readonly checked: number;
  /** Trials whose evidence gives something else. */
  readonly different: readonly string[];
}

/**
 * Checks the coordinator's chain and, from its `node-record` records, each node's chain from its first record, line
 * by line; and recomputes each verdict from the evidence before it. A node's line that was changed inside breaks both
 * chains; one that was left out or put in by the coordinator breaks the node's.
 */
export class JournalVerifier {
  readonly #coordinator = new ChainVerifier();
  readonly #checks = new RecordChecks();
  readonly #state = new Projection({ keepRecords: "live" });
  readonly #onRecord: (record: CoordinatorRecord) => void;
  #lines = 0;
  #unknown: ChainReport | null = null;

  /** @param onRecord gets each line that is a record. */
  constructor(onRecord: (record: CoordinatorRecord) => void = () => undefined) {
    this.#onRecord = onRecord;
  }

  /** Lines taken so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Takes the journal's next line. */
  take(line: string): void {
    this.#lines += 1;
    this.#coordinator.take(line);
    const parsed = coordinatorRecordSchema.safeParse(parse(line));
    if (!parsed.success) {
      this.#unknown ??= {
        name: "coordinator",
        ok: false,
        at: `line ${this.#lines}`,
        why: "no record that this version knows",
      };
      return;
    }
    this.#checks.take(parsed.data, this.#state);
    this.#state.apply(parsed.data);
    this.#onRecord(parsed.data);
  }

  /** On the lines so far: the coordinator's chain first, then the nodes' by name. */
  reports(): ChainReport[] {
    const own = chainReport("coordinator", this.#coordinator);
    return [
      own.ok ? (this.#unknown ?? own) : own,
      ...this.#checks.chains().map(([node, chain]) => chainReport(nodeName(node), chain)),
    ];
  }

  /** On the lines so far. */
  verdicts(): VerdictReport {
    const { checked, different } = this.#checks.verdicts;
    return { ok: different.length === 0, checked, different };
  }
}

/** Checks the chains of all lines of a journal. */
export function verifyJournal(lines: Iterable<string>): ChainReport[] {
  const verifier = new JournalVerifier();
  for (const line of lines) verifier.take(line);
  return verifier.reports();
}

const nodeName = (node: NodeId) => `node ${node}`;

function chainReport(name: string, { check }: ChainVerifier): ChainReport {
  return check.ok
    ? { name, ok: true, records: check.head.seq, head: check.head.hash }
    : { name, ok: false, at: `record ${check.line}`, why: check.why };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
