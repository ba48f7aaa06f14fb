import { crc32, deflateRawSync } from "node:zlib";

export interface FixtureMember {
  readonly name: string;
  readonly data: Buffer;
  readonly method?: 0 | 8 | 12 | 93;
  /** In place of what is true. */
  readonly says?: { readonly size?: number; readonly crc?: number; readonly flags?: number };
}

/** A zip of these members, made by hand so that it can lie. */
export function zipOf(members: readonly FixtureMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method = 8, says = {} } of members) {
    const packed = method === 8 ? deflateRawSync(data) : method === 93 ? zstdOf(data) : data;
    const fields = Buffer.alloc(22);
    fields.writeUInt16LE(says.flags ?? 0, 0);
    fields.writeUInt16LE(method, 2);
    fields.writeUInt32LE(says.crc ?? crc32(data), 8);
    fields.writeUInt32LE(packed.length, 12);
    fields.writeUInt32LE(says.size ?? data.length, 16);
    fields.writeUInt16LE(Buffer.byteLength(name), 20);
    const local = Buffer.concat([
      Buffer.from("PK\u0003\u0004"),
      word(20),
      fields,
      word(0),
      Buffer.from(name),
      packed,
    ]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([
        Buffer.from("PK\u0001\u0002"),
        word(20),
        word(20),
        fields,
        word(0),
        word(0),
        rest.subarray(2),
        Buffer.from(name),
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0, "latin1");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

const BLOCK_BYTES = 100_000;

/** Zstd frames by hand: raw blocks, one a frame, and what is a run of one byte as such, so that few bytes become many. */
function zstdOf(data: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length || at === 0; at += BLOCK_BYTES) {
    const block = data.subarray(at, at + BLOCK_BYTES);
    const run = block.length > 1 && block.every((byte) => byte === block[0]);
    const header = Buffer.alloc(3);
    // Last block of its frame; type 1 repeats one byte.
    header.writeUIntLE(1 | ((run ? 1 : 0) << 1) | (block.length << 3), 0, 3);
    // No checksum, no size of the content; a window of 128 KiB.
    parts.push(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]), header, run ? block.subarray(0, 1) : block);
  }
  return Buffer.concat(parts);
}
