import { Transform, type TransformCallback } from "node:stream";

/** Bytes pass in pieces of at most this share of a second, so that a slow road is slow and not jerky. */
const PIECES_A_SECOND = 20;
/** Timers are no finer. What passes early is waited for by what comes next. */
const SHORTEST_WAIT_MS = 2;
/** What a timer that was late may catch up, ms of bytes; no more is saved up while nobody sends. */
const CATCH_UP_MS = 100;

/** How many bytes may pass in a second, shared by all streams that go through `stream`. */
export class ByteRate {
  readonly #bytesPerS: number;
  /** When the last byte that was let through is over, by `now`, ms. */
  #freeAt = 0;
  readonly #now: () => number;

  constructor(bytesPerS: number, now: () => number = () => performance.now()) {
    this.#bytesPerS = bytesPerS;
    this.#now = now;
  }

  /** Takes room for so many bytes; ms until they are over. */
  take(bytes: number): number {
    const now = this.#now();
    this.#freeAt = Math.max(now - CATCH_UP_MS, this.#freeAt) + (bytes / this.#bytesPerS) * 1000;
    return Math.max(0, this.#freeAt - now);
  }

  /** A stream that gives on what it gets at this rate, holding back whoever writes into it. */
  stream(): Transform {
    const piece = Math.max(1, Math.floor(this.#bytesPerS / PIECES_A_SECOND));
    let timer: NodeJS.Timeout | undefined;
    const pass = (stream: Transform, chunk: Buffer, done: TransformCallback): void => {
      const part = chunk.subarray(0, piece);
      const go = () => {
        stream.push(part);
        if (chunk.length > piece) pass(stream, chunk.subarray(piece), done);
        else done();
      };
      const waitMs = this.take(part.length);
      if (waitMs < SHORTEST_WAIT_MS) go();
      else timer = setTimeout(go, waitMs);
    };
    return new Transform({
      highWaterMark: Math.min(65_536, piece),
      transform(chunk: Buffer, _encoding, done) {
        pass(this, chunk, done);
      },
      destroy(error, done) {
        clearTimeout(timer);
        done(error);
      },
    });
  }
}
