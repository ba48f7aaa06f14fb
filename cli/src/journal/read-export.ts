import { createHash } from "node:crypto";
import {
  ChainVerifier,
  coordinatorRecordSchema,
  exportManifestSchema,
  JOURNAL_NAME,
  MANIFEST_NAME,
  objectDigest,
  OBJECT_MAX_BYTES,
  PUBLIC_KEY_NAME,
  readRecordHead,
  studyOfRecord,
  type CoordinatorRecord,
  type ExportManifest,
} from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { JournalVerifier } from "../source/verify-journal.ts";
import { AttemptChecks } from "./attempt-checks.ts";
import { readTar, TarError, type TarMember } from "./tar-file.ts";

const MANIFEST_BYTES = 268_435_456;
const MAX_LINE_BYTES = 67_108_864;
const NEWLINE = 0x0a;
const NAME = /^(journal\.jsonl|coordinator\.pub|objects\/[a-z0-9-]{1,52}\/[0-9a-f]{64})$/;

/** What a whole export says, once everything in it was checked. */
export interface CheckedExport {
  readonly manifest: ExportManifest;
  readonly checks: AttemptChecks;
  /** Chains and verdicts, for the export of a whole journal. */
  readonly verifier: JournalVerifier | null;
  readonly objects: number;
}

/**
 * Reads an export once, keeping nothing of it, and checks every byte: form, digests, the coordinator's chain or that each line is of
 * the study, and every attempt's own chain. @throws CliError that says the first thing that does not hold.
 */
export async function checkExport(path: string): Promise<CheckedExport> {
  const seen = new Map<string, { bytes: number; sha256: string }>();
  const checks = new AttemptChecks();
  const chain = new ChainVerifier();
  const verifier = new JournalVerifier();
  const studies = new Set<string>();
  let manifest: ExportManifest | null = null;
  let lines = 0;
  let unknown = 0;
  try {
    for await (const member of readTar(path)) {
      if (manifest !== null) throw bad(path, `${member.name} stands after the manifest`);
      if (member.name === MANIFEST_NAME) {
        manifest = await readManifest(path, member);
        continue;
      }
      if (!NAME.test(member.name) || seen.has(member.name))
        throw bad(path, `it holds ${member.name.slice(0, 200)}, which is no part of an export`);
      const hash = createHash("sha256");
      if (member.name === JOURNAL_NAME)
        await eachLine(path, member, hash, (line) => {
          lines += 1;
          chain.take(line);
          verifier.take(line);
          const record = parse(line);
          if (record === null) throw bad(path, `line ${lines} is no record that this version knows`);
          checks.take(record, lines);
          const study = studyOfRecord(record);
          if (study !== null) studies.add(study);
          else if (!namesKey(record)) unknown += 1;
        });
      else {
        const bytes = await readMember(member);
        hash.update(bytes);
        if (member.name !== PUBLIC_KEY_NAME && !member.name.endsWith(`/${objectDigest(bytes)}`))
          throw bad(path, `${member.name} is not what its name says`);
      }
      seen.set(member.name, { bytes: member.bytes, sha256: hash.digest("hex") });
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw bad(path, error instanceof Error ? error.message : String(error), error);
  }
  if (manifest === null) throw bad(path, "it has no manifest: it was not written to its end");
  checkFiles(path, manifest, seen);
  if (lines !== manifest.records)
    throw bad(path, `it holds ${lines} records, its manifest says ${manifest.records}`);
  if (manifest.of === "study") {
    const others = [...studies].filter((study) => study !== manifest.study);
    if (unknown > 0 || others.length > 0 || studies.size !== 1)
      throw bad(path, `it holds records that are not of study ${manifest.study ?? ""}`);
  } else {
    const { check } = chain;
    if (!check.ok) throw bad(path, `the coordinator's chain breaks at line ${check.line}: ${check.why}`);
    if (check.head.seq !== manifest.head.seq || check.head.hash !== manifest.head.sha256)
      throw bad(path, "its newest record is not the one that its manifest names");
    const broken = verifier.reports().find((report) => !report.ok);
    if (broken?.ok === false) throw bad(path, `${broken.name} breaks at ${broken.at}: ${broken.why}`);
  }
  if (checks.bad !== null) throw bad(path, `${checks.bad.at}: ${checks.bad.why}`);
  const objects = [...seen.keys()].filter((name) => name.startsWith("objects/")).length;
  return { manifest, checks, verifier: manifest.of === "journal" ? verifier : null, objects };
}

/** Gives each line of an export that was checked. Reading ends where the callback answers false. */
export async function exportLines(
  path: string,
  onLine: (line: string) => Promise<void> | void,
): Promise<void> {
  for await (const member of readTar(path))
    if (member.name === JOURNAL_NAME) {
      await eachLine(path, member, createHash("sha256"), onLine);
      return;
    }
}

/** Gives each object of an export that was checked. */
export async function exportObjects(
  path: string,
  onObject: (study: string, sha256: string, bytes: Buffer) => Promise<void>,
): Promise<void> {
  for await (const member of readTar(path)) {
    const [folder, study = "", sha256 = ""] = member.name.split("/");
    if (folder === "objects") await onObject(study, sha256, await readMember(member));
  }
}

export async function exportMember(path: string, name: string): Promise<Buffer | null> {
  for await (const member of readTar(path)) if (member.name === name) return readMember(member);
  return null;
}

function checkFiles(
  path: string,
  { files }: ExportManifest,
  seen: ReadonlyMap<string, { bytes: number; sha256: string }>,
): void {
  for (const { name, bytes, sha256 } of files) {
    const there = seen.get(name);
    if (there === undefined) throw bad(path, `${name} is missing`);
    if (there.bytes !== bytes || there.sha256 !== sha256)
      throw bad(path, `${name} is not what the manifest says`);
  }
  if (files.length !== seen.size) throw bad(path, "it holds more than its manifest says");
}

async function readManifest(path: string, member: TarMember): Promise<ExportManifest> {
  if (member.bytes > MANIFEST_BYTES) throw bad(path, "its manifest is too large");
  const bytes = await collect(member);
  let json: unknown = null;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    // Told below.
  }
  const parsed = exportManifestSchema.safeParse(json);
  if (!parsed.success)
    throw bad(path, "its manifest is of another shape: was it written by a newer version?");
  return parsed.data;
}

async function readMember(member: TarMember): Promise<Buffer> {
  if (member.bytes > OBJECT_MAX_BYTES) throw new TarError(`${member.name} is too large`);
  return collect(member);
}

async function collect(member: TarMember): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of member.pieces()) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function eachLine(
  path: string,
  member: TarMember,
  hash: ReturnType<typeof createHash>,
  onLine: (line: string) => Promise<void> | void,
): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const piece of member.pieces()) {
    hash.update(piece);
    const bytes = Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      await onLine(bytes.toString("utf8", from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > MAX_LINE_BYTES) throw bad(path, "a line of it is too long");
  }
  if (rest.length > 0) throw bad(path, "its last line is not whole");
}

function parse(line: string): CoordinatorRecord | null {
  try {
    const parsed = coordinatorRecordSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The start of a node's daemon: it names the key of its seals. */
const namesKey = ({ body }: CoordinatorRecord) =>
  body.kind === "node-record" && readRecordHead(body.line)?.body.kind === "node-started";

const bad = (path: string, why: string, cause?: unknown) =>
  new CliError(EXIT.unexpected, `${path} is no export that holds: ${why}`, {
    remedy: "export again; nothing was written",
    ...(cause === undefined ? {} : { cause }),
  });
