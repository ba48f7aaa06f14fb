import { parseNodeLine, type CoordinatorRecord } from "@redline/shared";

/**
 * Attempts that a node took and that the journal does not know under that number and term, a sentence each: what a coordinator without the lead,
 * or one that was frozen and thawed, would have ordered. The records are the nodes' own, from the same journal.
 */
export function unknownOrders(records: readonly CoordinatorRecord[]): string[] {
  const placed = new Set<string>();
  for (const { body } of records) if (body.kind === "placed") placed.add(JSON.stringify(nameOf(body.key)));
  return records.flatMap(({ body }) => {
    if (body.kind !== "node-record") return [];
    const line = parseNodeLine(body.line);
    if (!line.ok || line.record.body.kind !== "accepted") return [];
    const { key } = line.record;
    if (key === undefined) return [];
    return placed.has(JSON.stringify(nameOf(key)))
      ? []
      : [`${body.node} took ${key.trial} attempt ${key.attempt} of term ${key.epoch}, which nobody placed`];
  });
}

const nameOf = ({ trial, attempt, epoch }: { trial: string; attempt: number; epoch: number }) => [
  trial,
  attempt,
  epoch,
];
