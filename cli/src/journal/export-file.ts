import { createHash } from "node:crypto";
import { link, rm } from "node:fs/promises";
import {
  coordinatorRecordSchema,
  EMPTY_HEAD,
  exportManifestSchema,
  JOURNAL_NAME,
  lineHash,
  MANIFEST_NAME,
  objectPath,
  PUBLIC_KEY_NAME,
  studyOfRecord,
  type ChainHead,
  type CoordinatorRecord,
  type ExportManifest,
} from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import type { JournalSource } from "./journal-source.ts";
import { StudyLines } from "./study-lines.ts";
import { TarWriter } from "./tar-file.ts";

export interface ExportOptions {
  /** Null: the whole journal. */
  readonly study: string | null;
  readonly objects: boolean;
  readonly version: string;
  readonly now: Date;
  /** Hears how far it is. */
  readonly onProgress: (text: string) => void;
}

const SAY_EVERY = 20_000;
const PIECE_BYTES = 1_048_576;

/**
 * Writes an export to `out`, whole or not at all: the journal's lines up to the newest at the beginning, objects, and a manifest with
 * every digest. The journal may grow meanwhile. An existing file is left as it is.
 */
export async function exportJournal(
  source: JournalSource,
  out: string,
  options: ExportOptions,
): Promise<ExportManifest> {
  const { study, onProgress } = options;
  const lab = await source.lab();
  if (lab === null)
    throw new CliError(EXIT.usage, `${source.name}: the coordinator's public key is not beside the journal`, {
      remedy: "export from the running coordinator with --url or --socket, or put its coordinator.pub there",
    });
  const draft = `${out}.part`;
  await rm(draft, { force: true });
  const tar = await TarWriter.create(draft).catch((error: unknown) => {
    throw cannotWrite(out, error);
  });
  const files: ExportManifest["files"] = [];
  const member = async (name: string, pieces: AsyncIterable<Uint8Array>) => {
    const hash = createHash("sha256");
    const bytes = await tar.member(name, hashed(pieces, hash));
    files.push({ name, bytes, sha256: hash.digest("hex") });
  };
  try {
    const lines = new ExportLines(study, onProgress);
    await member(JOURNAL_NAME, lines.pieces(source));
    if (study !== null && !lines.found)
      throw new CliError(EXIT.usage, `there is no study ${study} in ${source.name}`, {
        remedy: "redline trial list shows the ids of studies",
      });
    await member(PUBLIC_KEY_NAME, one(Buffer.from(lab.pem)));
    if (options.objects)
      for (const id of lines.studies) {
        const digests = await source.objects(id);
        for (const [i, sha256] of digests.entries()) {
          if (i % 1000 === 0) onProgress(`${id}: object ${i + 1} of ${digests.length}`);
          const bytes = await source.object(id, sha256);
          // Removed in between, or broken on disk: the check says which are missing.
          if (bytes !== null) await member(objectPath(id, sha256), one(bytes));
        }
      }
    const manifest = exportManifestSchema.parse({
      v: 1,
      format: "redline-export",
      of: study === null ? "journal" : "study",
      study,
      lab: lab.lab,
      version: options.version,
      at: options.now.toISOString(),
      head: { seq: lines.head.seq, sha256: lines.head.hash },
      records: lines.count,
      objects: options.objects,
      files,
    });
    await tar.member(MANIFEST_NAME, one(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)));
    await tar.end();
    // Unlike a rename this never replaces a file.
    await link(draft, out);
    return manifest;
  } catch (error) {
    await tar.abandon().catch(() => undefined);
    throw error instanceof CliError ? error : cannotWrite(out, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The lines of an export as they are read, and what they say. */
class ExportLines {
  readonly studies = new Set<string>();
  head: ChainHead = EMPTY_HEAD;
  count = 0;
  readonly #picked: StudyLines | null;
  readonly #onProgress: ExportOptions["onProgress"];

  constructor(study: string | null, onProgress: ExportOptions["onProgress"]) {
    this.#picked = study === null ? null : new StudyLines(study);
    this.#onProgress = onProgress;
  }

  get found(): boolean {
    return this.#picked?.found !== false;
  }

  async *pieces(source: JournalSource): AsyncGenerator<Buffer> {
    const queue = new PieceQueue();
    const reading = source
      .lines((line) => queue.put(this.#take(line)))
      .then(
        () => queue.end(null),
        (error: unknown) => queue.end(error),
      );
    yield* queue.pieces();
    await reading;
  }

  #take(line: string): string[] {
    const record = parse(line);
    if (record === null)
      throw new CliError(EXIT.unexpected, `line ${this.head.seq + 1} is no record that this version knows`, {
        remedy: "redline journal verify",
      });
    this.head = { seq: record.seq, hash: lineHash(line) };
    if (record.seq % SAY_EVERY === 0) this.#onProgress(`${record.seq} records`);
    const lines = this.#picked === null ? [line] : this.#picked.take(line, record);
    this.count += lines.length;
    const study = lines.length > 0 && record.body.kind !== "node-record" ? studyOfRecord(record) : null;
    if (study !== null) this.studies.add(study);
    return lines;
  }
}

/** Lines on their way into pieces: the reader waits while a piece is being written. */
class PieceQueue {
  #lines: string[] = [];
  #bytes = 0;
  #ended = false;
  #error: Error | null = null;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  async put(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.#lines.push(`${line}\n`);
      this.#bytes += line.length + 1;
    }
    if (this.#bytes < PIECE_BYTES) return;
    this.#wakeWriter();
    await new Promise<void>((resolve) => {
      this.#wakeReader = resolve;
    });
  }

  end(error: unknown): void {
    this.#ended = true;
    if (error !== null)
      this.#error = error instanceof Error ? error : new Error("it could not be read", { cause: error });
    this.#wakeWriter();
  }

  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#bytes < PIECE_BYTES && !this.#ended)
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      const piece = Buffer.from(this.#lines.join(""));
      this.#lines = [];
      this.#bytes = 0;
      if (piece.length > 0) yield piece;
      this.#wakeReader();
      if (this.#ended && this.#bytes === 0) break;
    }
    if (this.#error !== null) throw this.#error;
  }
}

function parse(line: string): CoordinatorRecord | null {
  try {
    const parsed = coordinatorRecordSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

async function* hashed(
  pieces: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

const cannotWrite = (path: string, cause: unknown) =>
  new CliError(
    EXIT.usage,
    `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    { remedy: "name another file", cause },
  );
