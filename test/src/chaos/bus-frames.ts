/** One message of the NATS protocol, or one line that is none (PING, CONNECT, SUB ...), byte for byte. */
export interface BusFrame {
  readonly bytes: Buffer;
  /** Null for what carries no message. */
  readonly subject: string | null;
}

const CRLF = Buffer.from("\r\n");
/** Above what a server allows for a line of its protocol, by far. */
const MAX_LINE = 65_536;

/**
 * Cuts one direction of a NATS connection into frames. `PUB subject [reply] #bytes`, `HPUB ... #headers #bytes`, `MSG subject sid [reply]
 * #bytes` and `HMSG ...` have a payload and its line end after them (docs.nats.io, client protocol).
 * @throws Error for a line that cannot be one of the protocol.
 */
export class BusFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the frames that are whole now. */
  take(chunk: Buffer): BusFrame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: BusFrame[] = [];
    for (;;) {
      const end = this.#rest.indexOf(CRLF);
      if (end === -1) {
        if (this.#rest.length > MAX_LINE) throw new Error("no line of the NATS protocol");
        return frames;
      }
      const { subject, payload } = readLine(this.#rest.subarray(0, end).toString("latin1"));
      const length = end + CRLF.length + (payload === null ? 0 : payload + CRLF.length);
      if (this.#rest.length < length) return frames;
      frames.push({ bytes: this.#rest.subarray(0, length), subject });
      this.#rest = this.#rest.subarray(length);
    }
  }
}

function readLine(line: string): { subject: string | null; payload: number | null } {
  const [verb = "", subject = "", ...rest] = line.split(/[ \t]+/);
  if (!/^H?(PUB|MSG)$/i.test(verb)) return { subject: null, payload: null };
  const payload = Number(rest.at(-1));
  if (!Number.isInteger(payload) || payload < 0) throw new Error(`no length in: ${line.slice(0, 100)}`);
  return { subject, payload };
}
