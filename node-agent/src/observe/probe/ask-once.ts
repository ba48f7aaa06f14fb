import { chatQuestion, completionQuestion, probeSchema, type Probe } from "@redline/shared";
import type { CandidatePort } from "../candidate-ports.ts";
import { askProber } from "./ask-prober.ts";
import type { OncePlan } from "./once-plan.ts";
import type { CellNetwork, NetnsTools } from "./start-in-netns.ts";

/** What to ask. `post` and `health` take any body: their probe has the kind `health` and the body as its answer. */
export type OnceQuestion =
  | { readonly kind: "chat" | "completion"; readonly nonce: string }
  /** GET of `path`, by default `/health`. */
  | { readonly kind: "health"; readonly path?: string }
  | { readonly kind: "post"; readonly path: string; readonly json: unknown };

export type AskOnceOptions = OnceQuestion &
  CellNetwork & {
    readonly tools: NetnsTools;
    readonly port: CandidatePort;
    /** From the first request to the last byte, ms; the start of the child comes on top. */
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  };

/** Start of the child and its line. */
const GRACE_MS = 5000;
/** A probe's JSON is at most about 16,000 characters (2,048 escaped ones). */
const MOST_CHARS = 32_768;

/**
 * Puts one question to one port from inside the cell's network namespace. Whatever the server does (nothing at all while it is
 * stopped) is a probe, after `timeoutMs` at the latest.
 * @throws Error when the instrument itself could not ask: `untested`, never a refutation.
 */
export async function askOnce(options: AskOnceOptions): Promise<Probe> {
  const { timeoutMs, signal } = options;
  const asked = await askProber(
    options,
    { do: "once", plan: planOf(options) },
    {
      limitMs: timeoutMs + GRACE_MS,
      maxOutputChars: MOST_CHARS,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (!asked.ok) throw new Error(asked.why);
  const probe = probeSchema.safeParse(asked.results[0]);
  if (!probe.success) throw new Error("the prober wrote a line that is no probe");
  return probe.data;
}

function planOf(options: AskOnceOptions): OncePlan {
  const { port, addresses } = options.port;
  const to = { port, addresses, timeoutMs: options.timeoutMs };
  switch (options.kind) {
    case "chat":
      return {
        ...to,
        read: "chat",
        nonce: options.nonce,
        path: "/chat",
        json: { message: chatQuestion(options.nonce) },
      };
    case "completion":
      return { ...to, read: "completion", nonce: options.nonce, text: completionQuestion(options.nonce) };
    case "health":
      return { ...to, read: "plain", nonce: "", path: options.path ?? "/health" };
    case "post":
      return { ...to, read: "plain", nonce: "", path: options.path, json: options.json };
  }
}
