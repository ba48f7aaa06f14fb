import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { specimenSchema, type Specimen } from "@redline/shared";

export interface SpecimenFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type SpecimenFolder =
  | {
      readonly ok: true;
      readonly name: string;
      /** Digest of the manifest: names the specimen everywhere. */
      readonly sha256: string;
      readonly files: readonly SpecimenFile[];
      readonly specimen: Specimen;
    }
  | { readonly ok: false; readonly problems: string[] };

const MAX_FILES = 10_000;
const MAX_SPECIMEN_JSON_BYTES = 65_536;

/**
 * Reads and digests a specimen's folder. The manifest is one line `<sha256>  <path>\n` for each regular
 * file, sorted by bytes; its sha256 is what `find . -type f -printf '%P\0' | xargs -0 sha256sum | LC_ALL=C sort
 * | sha256sum` prints in the folder. Nothing but files and folders may be in it: a link would make the digest
 * depend on what lies elsewhere. Streams: weights may be larger than memory.
 */
export async function readSpecimenFolder(dir: string): Promise<SpecimenFolder> {
  const described = await readDescription(dir);
  if (!described.ok) return described;
  const { specimen } = described;
  const problems: string[] = [];
  const found = new Map<string, number>();
  await walk(dir, "", found, problems);

  for (const [role, path] of [
    ["agent", specimen.agent],
    ["model", specimen.model],
    ...specimen.marked
      .filter((path) => !specimen.weights.includes(path))
      .map((path) => ["marked", path] as const),
  ] as const)
    if (!found.has(path)) problems.push(`specimen.json names ${path} as ${role}, and there is no such file`);
  const missing = [...specimen.weights, ...specimen.neighbours].filter(
    (path) => (found.get(path) ?? 0) === 0,
  );
  if (missing.length > 0)
    problems.push(
      `lacks its weights (${missing.join(", ")}); write them with: redline specimen weights ${dir}`,
    );
  if (problems.length > 0) return { ok: false, problems };

  const files: SpecimenFile[] = [];
  try {
    for (const [path, bytes] of found) files.push({ path, bytes, sha256: await fileDigest(join(dir, path)) });
  } catch (error) {
    return { ok: false, problems: [`cannot be read: ${messageOf(error)}`] };
  }
  return { ok: true, name: specimen.name, sha256: manifestDigest(files), files, specimen };
}

function manifestDigest(files: readonly SpecimenFile[]): string {
  const lines = files
    .map((file) => Buffer.from(`${file.sha256}  ${file.path}\n`))
    .toSorted((a, b) => a.compare(b));
  return createHash("sha256").update(Buffer.concat(lines)).digest("hex");
}

async function readDescription(
  dir: string,
): Promise<{ ok: true; specimen: Specimen } | { ok: false; problems: string[] }> {
  const fail = (problem: string) => ({ ok: false as const, problems: [problem] });
  let text: string;
  try {
    if (!(await stat(dir)).isDirectory()) return fail("is not a folder");
    const path = join(dir, "specimen.json");
    const facts = await lstat(path);
    // Reading a pipe would wait for ever.
    if (!facts.isFile()) return fail("specimen.json is no regular file");
    if (facts.size > MAX_SPECIMEN_JSON_BYTES)
      return fail(`specimen.json is larger than ${MAX_SPECIMEN_JSON_BYTES} bytes`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return fail(`cannot be read: ${messageOf(error)}`);
    const there = await lstat(dir).catch(() => null);
    return fail(there === null ? "there is no such folder" : "there is no specimen.json in it");
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(`specimen.json is not JSON: ${messageOf(error)}`);
  }
  const parsed = specimenSchema.safeParse(json);
  if (parsed.success) return { ok: true, specimen: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.map((issue) =>
      ["specimen.json:", issue.path.join("."), issue.message].filter((part) => part !== "").join(" "),
    ),
  };
}

/** Collects regular files in `found`, with their sizes. Ends at MAX_FILES; what is no file or folder is a problem. */
async function walk(
  dir: string,
  below: string,
  found: Map<string, number>,
  problems: string[],
): Promise<void> {
  let entries;
  try {
    entries = await readdir(join(dir, below), { withFileTypes: true });
  } catch (error) {
    problems.push(`cannot be read: ${messageOf(error)}`);
    return;
  }
  for (const entry of entries) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (found.size >= MAX_FILES) {
      if (!problems.includes(TOO_MANY)) problems.push(TOO_MANY);
      return;
    }
    // sha256sum writes such names in another form; nobody needs them.
    if (/[\u0000-\u001f\u007f\\]/.test(entry.name))
      problems.push(`${JSON.stringify(path)} has a control character or a backslash in its name`);
    else if (entry.isDirectory()) await walk(dir, path, found, problems);
    else if (entry.isFile()) found.set(path, (await lstat(join(dir, path))).size);
    else
      problems.push(
        `${path} is ${entry.isSymbolicLink() ? "a symbolic link" : "no regular file"}; put a file there`,
      );
  }
}
const TOO_MANY = `holds more than ${MAX_FILES} files`;

async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
