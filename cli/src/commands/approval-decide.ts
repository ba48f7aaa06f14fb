import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { findQuestion, waitingQuestions } from "./approval-waiting.ts";

/** `redline approval allow|deny ID`. Exit code 1 when its node says that the answer came too late. */
export async function approvalDecide(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & {
    readonly json: boolean;
    readonly id: string;
    readonly allow: boolean;
    readonly why: string;
  },
): Promise<ExitCode> {
  const { id: name, allow, why, json, ...source } = options;
  const client = await liveClient(source, cwd);
  const waiting = waitingQuestions((await loadState(source, cwd)).state.projection);
  const { id, trial, question } = findQuestion(waiting, name);
  const { done, why: refused } = await client.intervene(trial, {
    who: orderedBy(),
    why: why.slice(0, 300),
    act: { do: "decide", id: question, allow },
  });
  if (json) out.line(safeJson({ as_of: new Date().toISOString(), id, allow, done, why: refused }, 2));
  else if (!done) out.line(`${id}: ${out.paint.bad("not done")}: ${terminalLine(refused, 500)}`);
  else if (allow) out.line(`${id} is allowed`);
  else out.line(`${id} is denied; the trial stands beside the rates from now on`);
  return done ? EXIT.done : EXIT.unexpected;
}
