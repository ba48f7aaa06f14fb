import { ChainVerifier, coordinatorRecordSchema, type NodeId } from "@redline/shared";

/** What came of checking one chain. `at` names the record or line that broke it. */
export type ChainReport =
  | { readonly name: string; readonly ok: true; readonly records: number; readonly head: string }
  | { readonly name: string; readonly ok: false; readonly at: string; readonly why: string };

/**
 * Checks the coordinator's chain and, from its `node-record` records, each node's chain from its first record, line
 * by line. A node's line that was changed inside breaks both; one that was left out or put in by the coordinator breaks
 * the node's.
 */
export class JournalVerifier {
  readonly #coordinator = new ChainVerifier();
  readonly #nodes = new Map<NodeId, ChainVerifier>();
  #lines = 0;
  #unknown: ChainReport | null = null;

  /** Takes the journal's next line. */
  take(line: string): void {
    this.#lines += 1;
    this.#coordinator.take(line);
    const parsed = coordinatorRecordSchema.safeParse(parse(line));
    if (!parsed.success)
      this.#unknown ??= {
        name: "coordinator",
        ok: false,
        at: `line ${this.#lines}`,
        why: "no record that this version knows",
      };
    else if (parsed.data.body.kind === "node-record") {
      const { node, line: inner } = parsed.data.body;
      const chain = this.#nodes.get(node) ?? new ChainVerifier();
      this.#nodes.set(node, chain);
      chain.take(inner);
    }
  }

  /** On the lines so far: the coordinator's chain first, then the nodes' by name. */
  reports(): ChainReport[] {
    const own = chainReport("coordinator", this.#coordinator);
    return [
      own.ok ? (this.#unknown ?? own) : own,
      ...[...this.#nodes]
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([node, chain]) => chainReport(`node ${node}`, chain)),
    ];
  }
}

/** Checks all lines of a journal. */
export function verifyJournal(lines: Iterable<string>): ChainReport[] {
  const verifier = new JournalVerifier();
  for (const line of lines) verifier.take(line);
  return verifier.reports();
}

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
