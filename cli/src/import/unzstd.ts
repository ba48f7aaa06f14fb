import { Decompress } from "fzstd";

/** A frame that ends in one piece makes the library call itself; small pieces keep that shallow. */
const PIECE_BYTES = 16_384;

/** Bytes of zstd frames, one after the other. @throws Error where they are damaged, or unpack to more than `most` bytes. */
export function unzstd(packed: Buffer, most: number): Buffer {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((chunk) => {
    size += chunk.length;
    if (size > most) throw new Error(`it unpacks to more than the ${most} bytes it says of itself`);
    chunks.push(chunk.slice());
  });
  for (let at = 0; at < packed.length; at += PIECE_BYTES)
    stream.push(packed.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= packed.length);
  return Buffer.concat(chunks);
}
