import type { CopyRef } from "../evidence/copy.ts";
import { sameCopy } from "../evidence/copy.ts";
import { fromTarget, originalOf, type Evidence, type Found } from "../evidence/evidence.ts";
import type { ProcessKey } from "../evidence/process-row.ts";
import type { OpenedFile, WeightsFile } from "../evidence/weights-evidence.ts";

/** Lineages of a file that a copy has for itself. */
const OWN: readonly OpenedFile["lineage"][] = ["copied", "fetched"];

/** Weights that a copy's serving processes opened, against the original's. */
export interface OpenedWeights {
  readonly original: Found<"original">;
  readonly records: readonly Found<"weights">[];
  readonly processes: readonly ProcessKey[];
  /** Files of weights; what else such a process opened is left out. */
  readonly files: readonly OpenedFile[];
  /** Those that are not the copy's own: linked, mounted, shared, or the very file of the original. */
  readonly borrowed: readonly OpenedFile[];
  /** Those with the digests of a reference file, with other digests, and without. */
  readonly matched: readonly OpenedFile[];
  readonly foreign: readonly OpenedFile[];
  readonly unread: readonly OpenedFile[];
  /** Reference files that none of the opened ones is. */
  readonly missing: readonly WeightsFile[];
  /** Bytes of the reference, of the different files opened, and that the processes read. */
  readonly bytes: { readonly reference: number; readonly opened: number; readonly read: number };
  readonly remotes: readonly string[];
}

/** All records of a copy together; null where there is none, or none of the original. */
export function openedWeights(evidence: Evidence, copy: CopyRef): OpenedWeights | null {
  const original = originalOf(evidence);
  const records = fromTarget(evidence, "weights").filter((w) => sameCopy(w.body.copy, copy));
  if (original === undefined || records.length === 0) return null;
  const reference = original.body.weights.filter((w) => w.size > 0);
  const known = new Set(reference.map(digestOf));
  const theOriginals = new Set(original.body.files.map(fileOf));
  // Numbers of devices and inodes mean one thing on one machine only.
  const opened = records.flatMap(({ node, body }) =>
    body.files.map((file) => ({ file, shared: node === original.node && theOriginals.has(fileOf(file)) })),
  );
  const isBorrowed = ({ file, shared }: (typeof opened)[number]) => shared || !OWN.includes(file.lineage);
  const isMatched = (file: OpenedFile) => file.shards.length > 0 && known.has(digestOf(file));
  const sure = opened.filter((o) => o.file.format !== "other" || isMatched(o.file) || isBorrowed(o));
  // Where nothing is weights for certain, all that it opened may be, in a format of its own.
  const weights = (sure.length > 0 ? sure : opened).filter(({ file }) => file.size > 0);
  const files = weights.map((o) => o.file);
  const have = new Set(files.filter(isMatched).map(digestOf));
  const different = new Map(files.map((file) => [fileOf(file), file.size]));
  const readBy = new Map(
    records.flatMap(({ body }) =>
      body.reads.map((r) => [`${r.process.pid} ${r.process.startTick}`, Math.max(r.read, r.disk)] as const),
    ),
  );
  return {
    original,
    records,
    processes: records.flatMap((r) => r.body.processes),
    files,
    borrowed: weights.filter(isBorrowed).map((o) => o.file),
    matched: files.filter(isMatched),
    foreign: files.filter((file) => file.shards.length > 0 && !isMatched(file)),
    unread: files.filter((file) => file.shards.length === 0),
    missing: reference.filter((w) => !have.has(digestOf(w))),
    bytes: {
      reference: sum(reference.map((w) => w.size)),
      opened: sum(different.values()),
      read: sum(readBy.values()),
    },
    remotes: records.flatMap((r) => r.body.remotes),
  };
}

const digestOf = ({ size, shards }: Pick<WeightsFile, "size" | "shards">) => `${size} ${shards.join("")}`;
const fileOf = ({ device, inode }: { readonly device: string; readonly inode: string }) =>
  `${device} ${inode}`;
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
