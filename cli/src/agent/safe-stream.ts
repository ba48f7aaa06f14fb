import { StringDecoder } from "node:string_decoder";
import { terminalText } from "@redline/shared";

/** Most of one line that is shown. */
const LINE = 8000;
/** What stands in an unfinished line, a prompt for instance, is shown when nothing follows for so long. */
const PARTIAL_MS = 120;

/**
 * Hostile bytes made into text for a terminal, line by line: escape sequences, control and invisible characters never get through,
 * wherever the bytes were cut, and a line without an end is shown in pieces.
 */
export class SafeStream {
  readonly #write: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #timer: NodeJS.Timeout | null = null;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  take(chunk: Buffer): void {
    this.#stopTimer();
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#write(`${safe(line)}\n`);
    while (this.#rest.length > LINE) {
      this.#write(`${safe(this.#rest.slice(0, LINE))}\n`);
      this.#rest = this.#rest.slice(LINE);
    }
    if (this.#rest !== "") this.#timer = setTimeout(() => this.#flush(), PARTIAL_MS);
  }

  /** What is left, after the last chunk. */
  end(): void {
    this.#stopTimer();
    this.#rest += this.#decoder.end();
    this.#flush();
  }

  #flush(): void {
    if (this.#rest !== "") this.#write(safe(this.#rest));
    this.#rest = "";
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** A carriage return at the end is a newline of another system; within a line it would write over what stands there. */
const safe = (line: string) => terminalText(line.replace(/\r$/, ""), LINE);
