import { StringDecoder } from "node:string_decoder";

const LINE = 65_536;

/** Hostile bytes as JSON values, one a line; what is no JSON, or longer than 64 KiB, is given as text. */
export class JsonLines {
  readonly #take: (value: unknown) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(take: (value: unknown) => void) {
    this.#take = take;
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    while (this.#rest.length > LINE) {
      this.#take({ text: this.#rest.slice(0, LINE) });
      this.#rest = this.#rest.slice(LINE);
    }
  }

  end(): void {
    this.#line(this.#rest + this.#decoder.end());
    this.#rest = "";
  }

  #line(line: string): void {
    if (line === "") return;
    if (line.length > LINE) {
      this.#take({ text: line.slice(0, LINE) });
      return;
    }
    try {
      this.#take(JSON.parse(line));
    } catch {
      this.#take({ text: line });
    }
  }
}
