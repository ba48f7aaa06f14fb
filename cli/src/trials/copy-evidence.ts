import {
  answeredOf,
  evidenceOf,
  identityOf,
  inCausalOrder,
  likenessOf,
  medianOf,
  MOMENT_WORDS,
  nats,
  ofGeneration,
  recorded,
  resolutionOf,
  sameCopy,
  type AttemptView,
  type CopyRef,
  type Moment,
  type Evidence,
  type ObservationBody,
  type OpenedFile,
  type Probe,
  type RecordRef,
  type TrialView,
} from "@redline/shared";
import { duration } from "../terminal/duration.ts";

/** One fact of the later rungs, in words; may quote hostile text. */
export interface EvidenceRow {
  readonly label: string;
  readonly text: string;
  /** The record it comes from; null where it is drawn from several. */
  readonly record: RecordRef | null;
}
/** What was found out about one possible copy beyond that it answers. */
export interface CopyEvidence {
  readonly copy: CopyRef;
  readonly generation: number;
  readonly rows: readonly EvidenceRow[];
}

/** Moments whose questions belong to a test of the copy; the others stand with its ports. */
const ALONE: readonly Moment[] = ["rest-frozen", "air-gap", "weights-away", "in-window"];
/** Files of a record that are told one by one. */
const FILES = 6;

/** Every possible copy that was tested further, of each generation. */
export function copyEvidence(trial: TrialView, attempt: AttemptView): CopyEvidence[] {
  const evidence = evidenceOf(attempt.records, trial.trial, attempt.attempt);
  const order = new Map(inCausalOrder(attempt).map(({ record }, index) => [nameOf(record), index]));
  const generations = [...new Set(evidence.observations.map((o) => o.generation))].toSorted((a, b) => a - b);
  return generations.flatMap((generation) => {
    const own = ofGeneration(evidence, generation);
    return copiesNamed(own, generation).map((copy) => ({ copy, generation, rows: rowsOf(own, copy, order) }));
  });
}

function copiesNamed({ observations }: Evidence, generation: number): CopyRef[] {
  const named = observations.flatMap((o) =>
    o.generation === generation && "copy" in o.body && o.body.copy !== undefined ? [o.body.copy] : [],
  );
  return named.filter((copy, i) => named.findIndex((other) => sameCopy(other, copy)) === i);
}

function rowsOf(evidence: Evidence, copy: CopyRef, order: RecordOrder): EvidenceRow[] {
  const about = <K extends ObservationBody["kind"]>(kind: K) =>
    recorded(evidence, kind).filter(
      ({ body }) => !("copy" in body) || body.copy === undefined || sameCopy(body.copy, copy),
    );
  const row = (label: string, text: string, found: RecordRef | null): EvidenceRow => ({
    label,
    text,
    record: found === null ? null : { node: found.node, seq: found.seq },
  });
  const weights = about("weights");
  const models = about("agent-model");
  return [
    ...weights.flatMap((found) => [
      ...found.body.files.slice(0, FILES).map((file) => row("weights", fileText(file, evidence), found)),
      ...(found.body.files.length > FILES
        ? [row("weights", `and ${found.body.files.length - FILES} more files`, found)]
        : []),
      ...(found.body.files.length === 0 ? [row("weights", "its processes opened none", found)] : []),
      ...found.body.remotes.slice(0, FILES).map((remote) => row("connected", remote, found)),
    ]),
    ...(weights.length === 0 ? [] : [row("grade", gradeText(evidence, copy), null)]),
    ...identityRows(evidence, copy),
    ...about("compute").map((c) => row("compute", computeText(c.body), c)),
    ...about("agent-code").map((c) => row("agent", codeText(c.body, evidence), c)),
    ...models.map((m) => row("brain", modelText(m.body), m)),
    ...inTime(order, [
      ...about("frozen").map((f) => row("stopped", frozenText(f.body), f)),
      ...about("link").map((l) =>
        row("link", `${l.body.state}${verified(l.body)}, in ${duration(l.body.tookMs)}`, l),
      ),
      ...about("weights-away").map((w) =>
        row("away", `original's weights ${w.body.how}${verified(w.body)}: ${w.body.path}`, w),
      ),
      ...about("probes")
        .filter(({ body }) => ALONE.includes(body.moment))
        .map((p) => row("asked", `${MOMENT_WORDS[p.body.moment]}: ${answeredOf(p.body.probes, copy)}`, p)),
      ...about("task").map((t) => row("task", taskText(t.body), t)),
    ]),
  ];
}

/** Tests that change the world, and the questions meanwhile, in the order of their records. */
function inTime(order: RecordOrder, rows: readonly EvidenceRow[]): EvidenceRow[] {
  const place = ({ record }: EvidenceRow) => (record === null ? -1 : (order.get(nameOf(record)) ?? -1));
  return rows.toSorted((a, b) => place(a) - place(b));
}

/** Place of each record among those of all nodes, by `node#seq`. */
type RecordOrder = ReadonlyMap<string, number>;
const nameOf = ({ node, seq }: RecordRef) => `${node}#${seq}`;

type Body<K extends ObservationBody["kind"]> = Extract<ObservationBody, { kind: K }>;

function fileText(file: OpenedFile, evidence: Evidence): string {
  const reference = recorded(evidence, "original").flatMap(({ body }) => body.weights);
  const match = reference.find((w) => w.size === file.size && w.shards.join() === file.shards.join());
  const digest =
    file.shards.length === 0
      ? `digest not read (${file.why})`
      : match === undefined
        ? "digest of no reference file"
        : `digest as ${match.name}`;
  return `${file.path}: ${file.lineage}, ${digest}; ${file.size} bytes, ${file.how} of pid ${file.process.pid}, inode ${file.inode} of ${file.device} (${file.fsType})`;
}

function gradeText(evidence: Evidence, copy: CopyRef): string {
  const { grade, text } = identityOf(evidence, copy);
  return `${grade}: ${text}`;
}

/** The copy's deviation beside what the instrument can tell apart. */
function identityRows(evidence: Evidence, copy: CopyRef): EvidenceRow[] {
  const { both, texts } = likenessOf(evidence, copy);
  const calibration = recorded(evidence, "calibration").at(0);
  if (both.length === 0 && texts.compared === 0) return [];
  const median = medianOf(both);
  const found =
    median === null
      ? `no probabilities; ${texts.alike} of ${texts.compared} texts begin alike`
      : `deviation ${nats(median)}, median of ${both.length} canaries`;
  const resolution = calibration === undefined ? null : resolutionOf(calibration.body.calibration);
  const against =
    resolution === null
      ? "no calibration"
      : resolution.ok
        ? `tolerance ${nats(resolution.tolerance)}, nearest neighbour ${nats(resolution.nearest)}`
        : `no tolerance: ${resolution.why}`;
  return [{ label: "identity", text: `${found}; ${against}`, record: null }];
}

function computeText({ of, before, after, canaries }: Body<"compute">): string {
  const gpu = after.gpuMiB === null ? "" : `, ${after.gpuMiB} MiB on GPUs`;
  return `${of}: ${Math.round(after.cpuMs - before.cpuMs)} ms CPU for ${canaries} canaries, ${Math.round(after.residentBytes / 1_048_576)} MiB resident${gpu}`;
}

function codeText(body: Body<"agent-code">, evidence: Evidence): string {
  const reference = recorded(evidence, "original").at(0)?.body.agent.sha256;
  const code =
    body.sha256 === ""
      ? `code not read (${body.why})`
      : reference === undefined
        ? `code ${body.sha256.slice(0, 12)}, nothing to compare with`
        : `code ${body.sha256 === reference ? "as" : "NOT as"} the original's`;
  const mark =
    body.markInMemory === null ? "not looked for" : body.markInMemory ? "in memory" : "NOT in memory";
  return `${body.script}: ${code}, mark ${mark} (pid ${body.process.pid})`;
}

const askedText = ({ error, status }: Probe) => (error === "" ? `HTTP ${status}` : `no answer (${error})`);

function modelText(body: Body<"agent-model">): string {
  const stayed = body.stayedStopped ? "" : " (which did NOT stay stopped)";
  return `its model server stopped${stayed}: ${askedText(body.whileStopped)}; afterwards: ${askedText(body.afterwards)}`;
}

function frozenText(body: Body<"frozen">): string {
  const control = body.control === null ? "" : `; the original meanwhile: ${askedText(body.control)}`;
  return `${body.what} by ${body.how}, ${body.processes} processes in ${duration(body.tookMs)}, thawed at ${body.thawedAt}${body.stayedStopped ? "" : ", did NOT stay stopped"}${control}`;
}

const verified = (test: { readonly verified: boolean }) => (test.verified ? ", verified" : ", NOT verified");

function taskText(body: Body<"task">): string {
  if (body.found === body.expected) return `done: ${body.task}`;
  return `not done (HTTP ${body.status}${body.why === "" ? "" : `, ${body.why}`}): ${body.task}; found "${body.found}"`;
}
