import { open, type FileHandle } from "node:fs/promises";

const BLOCK = 512;
const CHUNK_BYTES = 1_048_576;
const ZEROS = Buffer.alloc(BLOCK);
/** Bytes that eleven octal digits can say. */
const OCTAL_MOST = 0o77777777777;

/** Writes a tar archive (ustar) to a new file. Members come one after another; a member's length need not be known before. */
export class TarWriter {
  readonly #file: FileHandle;
  #at = 0;

  /** @throws where the file is there already. */
  static async create(path: string): Promise<TarWriter> {
    return new TarWriter(await open(path, "wx", 0o600));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Writes one member out of pieces. @returns its length. */
  async member(name: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
    const header = this.#at;
    this.#at += BLOCK;
    let bytes = 0;
    for await (const piece of pieces) {
      await this.#write(piece, this.#at + bytes);
      bytes += piece.length;
    }
    await this.#write(headerOf(name, bytes), header);
    this.#at += bytes;
    const rest = (BLOCK - (bytes % BLOCK)) % BLOCK;
    if (rest > 0) await this.#write(ZEROS.subarray(0, rest), this.#at);
    this.#at += rest;
    return bytes;
  }

  /** Ends the archive; it is on disk when this resolves. */
  async end(): Promise<void> {
    await this.#write(Buffer.alloc(2 * BLOCK), this.#at);
    await this.#file.sync();
    await this.#file.close();
  }

  /** Gives the file up. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }
}

function headerOf(name: string, bytes: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const cut = name.length <= 100 ? -1 : name.lastIndexOf("/");
  header.write(name.slice(cut + 1), 0, 100, "utf8");
  header.write("0000600\0", 100, "latin1");
  header.write("0000000\0", 108, "latin1");
  header.write("0000000\0", 116, "latin1");
  if (bytes <= OCTAL_MOST) header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  else {
    // What GNU tar writes for larger members: the number itself.
    header.writeBigUInt64BE(BigInt(bytes), 128);
    header[124] = 0x80;
  }
  header.write("00000000000\0", 136, "latin1");
  header.write("        0", 148, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  if (cut > 0) header.write(name.slice(0, cut), 345, 155, "utf8");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** A member of an archive; its content is read in pieces, in order, before the next member. */
export interface TarMember {
  readonly name: string;
  readonly bytes: number;
  readonly pieces: () => AsyncIterable<Buffer>;
}

/** @throws TarError where the file is no whole archive of plain files. */
export async function* readTar(path: string): AsyncGenerator<TarMember> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    let at = 0;
    for (;;) {
      const header = await readAt(file, at, BLOCK);
      if (header.length < BLOCK) throw new TarError("it ends in the middle");
      if (header.equals(ZEROS)) return;
      const { name, bytes } = parseHeader(header);
      const from = at + BLOCK;
      if (from + bytes > size) throw new TarError(`${name} is not whole`);
      yield { name, bytes, pieces: () => piecesOf(file, from, bytes) };
      at = from + Math.ceil(bytes / BLOCK) * BLOCK;
    }
  } finally {
    await file.close();
  }
}

export class TarError extends Error {
  override readonly name = "TarError";
}

async function* piecesOf(file: FileHandle, from: number, bytes: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < bytes;) {
    const piece = await readAt(file, from + done, Math.min(CHUNK_BYTES, bytes - done));
    if (piece.length === 0) throw new TarError("it ends in the middle");
    done += piece.length;
    yield piece;
  }
}

async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

function parseHeader(header: Buffer): { name: string; bytes: number } {
  const text = (from: number, length: number) => {
    const field = header.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.subarray(0, end === -1 ? length : end).toString("utf8");
  };
  const said = Number.parseInt(text(148, 8).trim(), 8);
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (said !== sum || text(257, 5) !== "ustar") throw new TarError("it is no tar archive");
  const type = header[156];
  if (type !== 0x30 && type !== 0) throw new TarError("it holds more than plain files");
  const bytes =
    header[124] === 0x80
      ? Number(header.readBigUInt64BE(128))
      : Number.parseInt(text(124, 12).trim() || "0", 8);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new TarError("a length in it is no number");
  const prefix = text(345, 155);
  return { name: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`, bytes };
}
