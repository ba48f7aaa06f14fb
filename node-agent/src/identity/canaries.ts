import {
  canarySchema,
  canaryScoreSchema,
  completionQuestion,
  type Canary,
  type CanaryScore,
} from "@redline/shared";
import type { z } from "zod";
import type { CandidatePort } from "../observe/candidate-ports.ts";
import { askProber } from "../observe/probe/ask-prober.ts";
import type { CellNetwork, NetnsTools } from "../observe/probe/start-in-netns.ts";
import type { CanaryPlan } from "./canary-plan.ts";

/** One model server, and how it is reached. */
export interface CanaryServer extends CellNetwork {
  readonly tools: NetnsTools;
  readonly port: CandidatePort;
  /** One request to its last byte, ms (default 30000). */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

const ANSWER_MS = 30_000;
const MOST_TOTAL_MS = 600_000;
/** Beyond the plan's own total time: start of the child and its last lines. */
const GRACE_MS = 5000;
/** Requests of one score: the prompt's ids, then prompt and answer; each perhaps a second time with one token more. */
const REQUESTS = { ask: 1, score: 3 } as const;
/** A canary's JSON: 1,024 escaped characters, 64 ids and 64 numbers. */
const MOST_CHARS_EACH = 16_384;

/**
 * Puts a canary for each nonce, one at a time, greedy, through the prober in the cell's network namespace. In the order of the
 * nonces; whatever the server does (hang, endless body, redirect, TLS, wrong shapes) is a canary with an error, and the
 * first of them ends the asking.
 * @param options.maxTokens of an answer, at most 64.
 * @throws Error when the instrument itself could not ask: `untested`, never a refutation.
 */
export function askCanaries(
  options: CanaryServer & { readonly nonces: readonly string[]; readonly maxTokens?: number },
): Promise<Canary[]> {
  const { nonces, maxTokens = 16 } = options;
  const questions = nonces.map((nonce) => ({ nonce, text: completionQuestion(nonce) }));
  return runList(options, nonces, canarySchema, { do: "ask", maxTokens, questions });
}

/**
 * What this server gives to the tokens of another's canaries, one score a canary in their order. A canary without tokens has
 * a score with an error, and costs no request.
 * @throws Error when the instrument itself could not ask: `untested`, never a refutation.
 */
export function scoreTokens(
  options: CanaryServer & { readonly canaries: readonly Canary[] },
): Promise<CanaryScore[]> {
  // Another daemon, or another server, wrote these: what is out of bounds must not reach a server.
  const canaries = options.canaries.map((canary) => canarySchema.parse(canary));
  const answers = canaries.map((canary) => ({
    nonce: canary.nonce,
    text: completionQuestion(canary.nonce),
    canary,
  }));
  return runList(
    options,
    canaries.map((canary) => canary.nonce),
    canaryScoreSchema,
    { do: "score", answers },
  );
}

async function runList<T extends { nonce: string }>(
  server: CanaryServer,
  nonces: readonly string[],
  schema: z.ZodType<T>,
  list:
    | Pick<Extract<CanaryPlan, { do: "ask" }>, "do" | "maxTokens" | "questions">
    | Pick<Extract<CanaryPlan, { do: "score" }>, "do" | "answers">,
): Promise<T[]> {
  if (nonces.length === 0) return [];
  const { port, answerMs = ANSWER_MS, signal } = server;
  const totalMs = Math.min(MOST_TOTAL_MS, nonces.length * REQUESTS[list.do] * answerMs);
  const plan: CanaryPlan = { ...port, answerMs, totalMs, ...list };
  const run = await askProber(
    server,
    { do: "canaries", plan },
    {
      limitMs: totalMs + GRACE_MS,
      maxOutputChars: nonces.length * MOST_CHARS_EACH,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (!run.ok) throw new Error(run.why);
  const read = run.results.map((result) => schema.safeParse(result));
  const found = read.flatMap((result) => (result.success ? [result.data] : []));
  if (found.length !== nonces.length || found.some((each, i) => each.nonce !== nonces[i]))
    throw new Error("the prober wrote lines that do not fit its questions");
  return found;
}
