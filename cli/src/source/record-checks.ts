import { ChainVerifier, type CoordinatorRecord, type NodeId, type Projection } from "@redline/shared";
import { VerdictCheck } from "./verdict-check.ts";

/** What can be checked of a coordinator's records beyond their own chain: the nodes' chains inside, and the verdicts. */
export class RecordChecks {
  readonly verdicts = new VerdictCheck();
  readonly #nodes = new Map<NodeId, ChainVerifier>();

  /** Takes the next record; `state` is that of the records before it. */
  take(record: CoordinatorRecord, state: Projection): void {
    this.verdicts.take(record, state);
    if (record.body.kind !== "node-record") return;
    const { node, line } = record.body;
    const chain = this.#nodes.get(node) ?? new ChainVerifier();
    this.#nodes.set(node, chain);
    chain.take(line);
  }

  /** The nodes' chains by name. */
  chains(): [NodeId, ChainVerifier][] {
    return [...this.#nodes].toSorted(([a], [b]) => a.localeCompare(b));
  }

  /** What does not hold, in words; null when all does. */
  doubt(): string | null {
    const broken = this.chains().flatMap(([node, { check }]) =>
      check.ok ? [] : [`the chain of node ${node} is broken at record ${check.line}: ${check.why}`],
    );
    const { different } = this.verdicts;
    const doubts =
      different.length === 0
        ? broken
        : [...broken, `the evidence gives other verdicts than those recorded for ${listed(different)}`];
    return doubts.length === 0 ? null : doubts.join("; ");
  }
}

/** Names that are listed before the rest is only counted. */
const LISTED = 20;

export const listed = (names: readonly string[]) =>
  names.length <= LISTED
    ? names.join(", ")
    : `${names.slice(0, LISTED).join(", ")} and ${names.length - LISTED} more`;
