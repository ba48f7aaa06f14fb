import type { WriteStream } from "node:tty";
import { createPaint, decideColour, type Paint } from "./colour.ts";

/** One of the two streams of the command. */
export interface Output {
  /** Writes text as it is: whatever a trial, a model or a file said must have gone through `terminalText` before. */
  write(text: string): void;
  line(text?: string): void;
  readonly paint: Paint;
  readonly isTty: boolean;
  /** Width to wrap at, 60 to 160: what `COLUMNS` says, else the terminal's. */
  readonly columns: number;
  /** Why what was written did not all arrive; null also where the reader just went away. */
  readonly failure: Error | null;
}

/** What commands print to: data on `out`, messages on `err`. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** The real stream behind `err`, for the live block; null in tests. */
  readonly liveStream: WriteStream | null;
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * An output whose reader may go away (`redline ... | head`): the rest is dropped quietly and the command goes
 * on to its end, so that a lab is never left because nobody reads any more.
 */
export function createOutput(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>>,
  colourFlag: boolean,
): Output {
  let closed = false;
  let failure: Error | null = null;
  stream.on("error", (error: Error) => {
    closed = true;
    if (!("code" in error && error.code === "EPIPE")) failure ??= error;
  });
  const write = (text: string) => {
    if (!closed) stream.write(text);
  };
  return {
    write,
    line: (text = "") => write(`${text}\n`),
    paint: createPaint(decideColour(stream, env, colourFlag)),
    isTty: stream.isTTY === true,
    get failure() {
      return failure;
    },
    get columns() {
      const asked = Number(env["COLUMNS"]);
      return Math.min(160, Math.max(60, asked > 0 ? Math.floor(asked) : (stream.columns ?? 100)));
    },
  };
}

/** Output that is kept, for tests. */
export function memoryOutput(columns = 100): Output & { text(): string } {
  let kept = "";
  return {
    write: (text) => {
      kept += text;
    },
    line: (text = "") => {
      kept += `${text}\n`;
    },
    paint: createPaint(false),
    isTty: false,
    columns,
    failure: null,
    text: () => kept,
  };
}
