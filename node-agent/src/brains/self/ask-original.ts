import { askHttp } from "../../observe/probe/http-question.ts";
import type { SelfAnswer } from "./self-brain.ts";

/** One question of the agent to the original's model server. */
export interface SelfPlan {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Body of a POST; a GET without. */
  readonly json?: unknown;
  readonly timeoutMs: number;
  readonly answerBytes: number;
}

/** Asked by the prober, in the cell's network namespace. No redirect is followed. Never rejects. */
export async function askOriginal(plan: SelfPlan, signal: AbortSignal): Promise<SelfAnswer> {
  const { answerBytes, ...question } = plan;
  const { status, body, error } = await askHttp({ ...question, bodyBytes: answerBytes, signal });
  return { status, answer: body, error };
}
