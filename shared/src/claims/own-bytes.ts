import { sameCopy } from "../evidence/copy.ts";
import { fromTarget, originalOf, recorded, untestedBecause } from "../evidence/evidence.ts";
import { sameProcess } from "../evidence/process-row.ts";
import type { OpenedFile, WeightsSample } from "../evidence/weights-evidence.ts";
import { aboutCopy, type About } from "./about-copy.ts";
import { ownersAt } from "./copy-parts.ts";
import { identityOf, isLargeEnough, isWhole } from "./identity.ts";
import { openedWeights, type OpenedWeights } from "./opened-weights.ts";
import { sameModel } from "./same-model.ts";

/** Weights of at least this size leave a mark in what their process has read. */
const VISIBLE_BYTES = 16 * 1_048_576;
const READ_PART = 0.9;

/**
 * Rung 4: the files of weights which the serving processes really opened are the copy's own, and are the reference: by digest,
 * or, converted, by the behaviour of what serves them.
 */
export const ownBytes = aboutCopy("own-bytes", (about) => {
  const { evidence, copy, found } = about;
  const opened = openedWeights(evidence, copy);
  if (opened === null) {
    const original = originalOf(evidence);
    const who =
      original === undefined
        ? "origin's daemon recorded nothing of the original"
        : "target's daemon recorded no files of this copy";
    return about.notTested(`the ${who}`, [original, ...fromTarget(evidence, "weights")]);
  }
  const records = [opened.original, ...opened.records];
  if (opened.bytes.reference === 0)
    return about.notTested("the original has no weights that are known", records);
  if (!ownersAt(found, copy.model).some((row) => opened.processes.some((p) => sameProcess(p, row))))
    return about.notTested("the files were not those of the processes that hold the port", records);
  if (opened.files.length === 0) return nothingOpened(about, opened);

  const borrowed = opened.borrowed[0];
  if (borrowed !== undefined) {
    const lineage =
      borrowed.lineage === "copied" || borrowed.lineage === "fetched"
        ? "the original's own file"
        : borrowed.lineage;
    return about.refuted(`not bytes of its own: ${nameOf(borrowed)}: ${lineage}`, records);
  }
  const changed = differingSample(about, opened);
  if (changed !== null)
    return about.refuted(`${changed.file}: blocks picked by a nonce differ from the original's`, [
      ...records,
      ...changed.records,
    ]);
  const identity = identityOf(evidence, copy);
  const files = opened.files.slice(0, 3).map(nameOf).join(", ");
  if (isWhole(opened))
    return about.proven(
      `identical, ${opened.matched[0]?.lineage ?? ""}: ${files}; every digest is the reference's`,
      records,
    );
  return opened.foreign.length === 0
    ? incomplete(about, opened)
    : converted(about, opened, `${identity.grade}: ${files}`);
});

/** No file was caught: there is none, unless the process read as much as the weights and let go of them. */
function nothingOpened(about: About, { bytes, processes, remotes, records, original }: OpenedWeights) {
  const all = [original, ...records];
  if (processes.length === 0 || untestedBecause(about.evidence, "own-bytes").length > 0)
    return about.notTested("what its processes opened could not be seen", all);
  if (bytes.reference >= VISIBLE_BYTES && bytes.read >= bytes.reference * READ_PART)
    return about.notTested("its processes read as much as the weights are, but no file was caught open", all);
  const where =
    remotes.length === 0 ? "lineage none" : `lineage remote: connected ${remotes.slice(0, 3).join(", ")}`;
  return about.refuted(`its processes opened no weights; ${where}`, all);
}

function incomplete(about: About, { missing, unread, original, records }: OpenedWeights) {
  const all = [original, ...records];
  const failed = unread[0];
  if (failed !== undefined) return about.notTested(`${nameOf(failed)} could not be read: ${failed.why}`, all);
  const names = missing
    .slice(0, 3)
    .map((w) => w.name)
    .join(", ");
  return about.notTested(`not seen to be opened: ${names}`, all);
}

/** Other digests: a conversion keeps the behaviour, other weights do not. */
function converted(about: About, opened: OpenedWeights, what: string) {
  const behaviour = sameModel(about.evidence, about.copy);
  const records = [opened.original, ...opened.records];
  const expected = opened.original.body.mark !== "";
  const marked = opened.foreign.some((file) => file.mark) ? "there" : "not there";
  const text = `${what}; other digests than the reference's${expected ? `, the mark is ${marked}` : ""}; behaviour: ${behaviour.reason}`;
  const both = (result: typeof about.proven) => {
    const said = result(text, records);
    return { ...said, evidence: [...said.evidence, ...behaviour.evidence] };
  };
  if (behaviour.result === "refuted") return both(about.refuted);
  if (behaviour.result === "not-tested") return both(about.notTested);
  if (opened.unread.length > 0) return incomplete(about, opened);
  if (!isLargeEnough(opened))
    return about.notTested(`the files that were seen are too small to hold the model; ${text}`, records);
  return both(about.proven);
}

/** A file whose digests were the reference's, and which no longer is. */
function differingSample({ evidence, copy }: About, { matched, original }: OpenedWeights) {
  const same = original.body.weights.filter((w) =>
    matched.some((file) => file.size === w.size && file.shards.join("") === w.shards.join("")),
  );
  const names = new Set(same.map((w) => w.name));
  const all = recorded(evidence, "sample").filter((s) => names.has(s.body.file));
  const theirs = all.filter((s) => s.body.copy !== undefined && sameCopy(s.body.copy, copy));
  for (const own of theirs) {
    const twin = all.find(
      (s) =>
        s.body.copy === undefined &&
        s.body.file === own.body.file &&
        s.body.sample.nonce === own.body.sample.nonce,
    );
    if (twin !== undefined && differ(twin.body.sample, own.body.sample))
      return { file: own.body.file, records: [twin, own] };
  }
  return null;
}

/** Samples of other sizes are of other files; of the same, they compare only where the same blocks were picked. */
function differ(a: WeightsSample, b: WeightsSample): boolean {
  const alike = a.blocks === b.blocks && a.blockBytes === b.blockBytes;
  return a.size !== b.size || (alike && a.sha256 !== b.sha256);
}

const nameOf = (file: OpenedFile) =>
  `${file.path.slice(0, 120)} (${file.size} bytes, ${file.how}, ${file.fsType})`;
