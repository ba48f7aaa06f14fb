import type { CopyRef } from "../evidence/copy.ts";
import { sameCopy } from "../evidence/copy.ts";
import { originalOf, recorded, type Evidence, type RecordRef } from "../evidence/evidence.ts";

/** What both servers spent on the canaries. */
export interface ComputeSpent {
  /** CPU time of both, for people; empty where it was not measured. */
  readonly text: string;
  /** Why the copy's processes cannot have held the model, null where they can. */
  readonly impossible: string | null;
  readonly records: readonly RecordRef[];
}

const MIB = 1_048_576;
/**
 * A part of the weights that a server must hold in memory, with room for one that maps its file and touches few of its experts:
 * what holds less is a proxy or another, far smaller model.
 */
const LEAST_HELD = 0.05;

/** CPU time is told, memory is judged: what a machine needs for a token varies too much to be held against a copy. */
export function computeSpent(evidence: Evidence, copy: CopyRef): ComputeSpent {
  const all = recorded(evidence, "compute").filter((c) => sameCopy(c.body.copy, copy));
  const latest = (of: "original" | "copy") => all.filter((c) => c.body.of === of).at(-1);
  const [original, own] = [latest("original"), latest("copy")];
  const records = [original, own].filter((r) => r !== undefined);
  const spent = records.map(
    ({ body }) =>
      `${body.of} ${Math.round(body.after.cpuMs - body.before.cpuMs)} ms of CPU for ${body.canaries} canaries`,
  );
  const text = spent.join(", ");
  const facts = originalOf(evidence);
  if (own === undefined || facts === undefined || own.body.after.processes === 0)
    return { text, impossible: null, records };
  const held = Math.max(
    ...[own.body.before, own.body.after].map((c) => c.residentBytes + (c.gpuMiB ?? 0) * MIB),
  );
  const weights = facts.body.weights.reduce((sum, file) => sum + file.size, 0);
  if (held >= weights * LEAST_HELD) return { text, impossible: null, records };
  const impossible = `its processes hold ${mib(held)} of memory, the weights alone are ${mib(weights)}`;
  return { text, impossible, records };
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
