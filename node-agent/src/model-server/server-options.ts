import { parseArgs } from "node:util";
import { EXIT, ServerExit } from "./exit-codes.ts";

export interface ServerOptions {
  /** Path of a GGUF file. */
  readonly weights: string;
  /** 0 lets the kernel choose; the line on stdout says which. */
  readonly port: number;
  readonly host: string;
  /** What `/v1/models` and every answer call the model. */
  readonly name: string;
  /** Prompt and answer together; never more than the model was made for. */
  readonly contextTokens: number;
  readonly quiet: boolean;
}

const USAGE =
  "usage: main.js --weights FILE [--port 8760] [--host 127.0.0.1] [--name NAME] [--context TOKENS] [--quiet]";

/** Pure. Throws `ServerExit` (bad input) with one line that names what is wrong. */
export function serverOptions(args: readonly string[]): ServerOptions {
  const values = parsed(args);
  if (values.weights === undefined) throw new ServerExit(EXIT.badInput, `--weights is missing\n${USAGE}`);
  return Object.freeze({
    weights: values.weights,
    port: integer("--port", values.port ?? "8760", 0, 65_535),
    host: values.host ?? "127.0.0.1",
    name: values.name ?? "model",
    contextTokens: integer("--context", values.context ?? "4096", 64, 1_048_576),
    quiet: values.quiet ?? false,
  });
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        weights: { type: "string" },
        port: { type: "string" },
        host: { type: "string" },
        name: { type: "string" },
        context: { type: "string" },
        quiet: { type: "boolean" },
      },
    }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ServerExit(EXIT.badInput, `${message}\n${USAGE}`, { cause });
  }
}

function integer(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ServerExit(EXIT.badInput, `${flag} must be a whole number from ${least} to ${most}\n${USAGE}`);
}
