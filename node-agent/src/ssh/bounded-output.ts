/** Collects the first `limit` bytes of a hostile stream and counts the rest. */
export class BoundedHead {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  /** All bytes that came, kept or not. */
  seen = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.seen += chunk.length;
    const room = this.#limit - this.#kept;
    if (room <= 0) return;
    const part = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk;
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  get truncated(): boolean {
    return this.seen > this.#limit;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

/** Keeps the last `limit` bytes of a hostile stream. */
export class BoundedTail {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    const joined = Buffer.concat([this.#bytes, chunk]);
    this.#bytes = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#limit)));
  }

  get text(): string {
    return this.#bytes.toString("utf8");
  }
}
