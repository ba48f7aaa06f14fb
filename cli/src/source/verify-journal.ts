import { coordinatorRecordSchema, verifyChain } from "@redline/shared";

/** What came of checking one chain. `at` names the record or line that broke it. */
export type ChainReport =
  | { readonly name: string; readonly ok: true; readonly records: number; readonly head: string }
  | { readonly name: string; readonly ok: false; readonly at: string; readonly why: string };

/**
 * Checks the coordinator's chain and, from its `node-record` records, each node's chain from its first record. A
 * node's line that was changed inside breaks both; one that was left out or put in by the coordinator breaks the node's.
 */
export function verifyJournal(lines: readonly string[]): ChainReport[] {
  const nodes = new Map<string, string[]>();
  const unknown: ChainReport[] = [];
  lines.forEach((line, index) => {
    const parsed = coordinatorRecordSchema.safeParse(parse(line));
    if (!parsed.success)
      unknown.push({
        name: "coordinator",
        ok: false,
        at: `line ${index + 1}`,
        why: "no record that this version knows",
      });
    else if (parsed.data.body.kind === "node-record") {
      const { node, line: inner } = parsed.data.body;
      const own = nodes.get(node);
      if (own === undefined) nodes.set(node, [inner]);
      else own.push(inner);
    }
  });
  const own = chainReport("coordinator", lines);
  return [
    own.ok ? (unknown[0] ?? own) : own,
    ...[...nodes]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([node, inner]) => chainReport(`node ${node}`, inner)),
  ];
}

function chainReport(name: string, lines: readonly string[]): ChainReport {
  const check = verifyChain(lines);
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
