import { crc32 } from "node:zlib";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { badFile } from "./bad-file.ts";
import type { SourceFile } from "./source-file.ts";
import { unzstd } from "./unzstd.ts";

/** Most bytes that a member may unpack to; what claims or gives more is refused. */
const MAX_MEMBER_BYTES = 268_435_456;
/** Samples, summaries and the rest; the directory is held in memory. */
const MAX_MEMBERS = 100_000;
const ZSTD = 93;

/** An open zip whose members are unpacked one at a time. */
export interface Zip extends AsyncDisposable {
  readonly names: readonly string[];
  /** @throws CliError for a member that is too large, damaged or packed in an unknown way. */
  read(name: string): Promise<Buffer>;
}

/** @throws CliError where the file has no whole directory of members. */
export async function openZip({ path, name }: SourceFile): Promise<Zip> {
  const notWhole = (cause: unknown) =>
    badFile(
      name,
      `it is a zip without its end, or a damaged one (${said(cause)})`,
      "copy the file again, or wait until its writer is done",
      cause,
    );
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true }).catch((cause: unknown) => {
    throw notWhole(cause);
  });
  try {
    if (zip.entryCount > MAX_MEMBERS) throw new Error(`${zip.entryCount} members`);
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      // Which of two counts would be for the reader to choose.
      if (entries.has(entry.fileName)) throw new Error("two members of one name");
      entries.set(entry.fileName, entry);
    }
    return {
      names: [...entries.keys()],
      async read(member) {
        const entry = entries.get(member);
        if (entry === undefined) throw damaged(name, `it has no member ${member}`);
        return await unpack(zip, entry, `${name}, member ${member}`);
      },
      [Symbol.asyncDispose]() {
        zip.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    zip.close();
    throw notWhole(error);
  }
}

async function unpack(zip: ZipFile, entry: Entry, name: string): Promise<Buffer> {
  if (Math.max(entry.uncompressedSize, entry.compressedSize) > MAX_MEMBER_BYTES)
    throw badFile(
      name,
      `it would unpack to more than ${MAX_MEMBER_BYTES} bytes`,
      "no sample of a trajectory is that large: look at what the file really is",
    );
  if (entry.isEncrypted()) throw damaged(name, "it is encrypted");
  let bytes: Buffer;
  try {
    bytes =
      entry.compressionMethod === ZSTD
        ? unzstd(await bytesOf(zip, entry, false), entry.uncompressedSize)
        : await bytesOf(zip, entry, true);
  } catch (cause) {
    throw damaged(name, `it cannot be unpacked (${said(cause)})`, cause);
  }
  if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32)
    throw damaged(name, "its bytes are not those that its checksum names");
  return bytes;
}

/** The library ends a stream that gives more than the member says of itself. */
async function bytesOf(zip: ZipFile, entry: Entry, decodeFileData: boolean): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry, decodeFileData ? {} : { decodeFileData });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const said = (cause: unknown) => (cause instanceof Error ? cause.message.slice(0, 200) : String(cause));
const damaged = (name: string, what: string, cause?: unknown) =>
  badFile(name, what, "copy the file again from where it was written", cause);
