import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { notAllShown, shownAction } from "./approval-shown.ts";
import { findQuestion, waitingQuestions } from "./approval-waiting.ts";

/** `redline approval allow|deny ID`. What cannot be shown whole is allowed only by somebody who says so. Exit code 1 when its node says that the answer came too late. */
export async function approvalDecide(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & {
    readonly json: boolean;
    readonly id: string;
    readonly allow: boolean;
    /** Allows what `approval list` cannot show all of, too. */
    readonly allSeen: boolean;
    readonly why: string;
  },
): Promise<ExitCode> {
  const { id: name, allow, allSeen, why, json, ...source } = options;
  const client = await liveClient(source, cwd);
  const waiting = waitingQuestions((await loadState(source, cwd)).state.projection);
  const found = findQuestion(waiting, name);
  const { id, trial, question } = found;
  if (allow && !allSeen && !shownAction(found, out.columns).whole)
    throw new CliError(EXIT.usage, `${id}: ${notAllShown(found)}`, {
      remedy: `redline approval deny ${id}, or allow it with --all-seen`,
    });
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
