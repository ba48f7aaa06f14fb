import { readTalk, terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { journalSource } from "../journal/journal-source.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { findAttempt } from "../transcript/find-attempt.ts";
import { repliesOf } from "../transcript/reply-lines.ts";
import { withWholeReplies } from "../transcript/whole-replies.ts";
import { talkLines } from "../transcript/talk-lines.ts";
import { findTrial } from "../trials/find-trial.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

type Options = SourceOptions & {
  readonly json: boolean;
  readonly attempt?: number | undefined;
  readonly replies: boolean;
};

/** `redline trial transcript TRIAL` */
export async function trialTranscript(
  { terminal: { out, err }, cwd }: Context,
  id: string,
  options: Options,
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const trial = findTrial(loaded.state.projection, id);
  const objects = await journalSource(options, cwd);
  const { attempt, missing } = await withWholeReplies(findAttempt(trial, options.attempt), (sha256) =>
    objects.object(trial.study, sha256),
  );
  for (const { number, why } of missing.slice(0, 10))
    err.line(
      `${err.paint.unsure("note:")} the answer of exchange ${number} is here only in part: ${terminalLine(why, 300)}`,
    );
  if (options.replies) {
    const { replies, cut } = repliesOf(attempt);
    if (cut.length > 0)
      err.line(
        `${err.paint.unsure("warning:")} these answers are kept only in part, and play shorter than they were: exchange ${cut.slice(0, 10).join(", ")}`,
      );
    for (const reply of replies) out.line(safeJson(reply));
    return EXIT.done;
  }
  const talk = readTalk(attempt);
  if (options.json) out.line(envelope(loaded, { trial: trial.trial, attempt: attempt.attempt, talk }));
  else for (const line of talkLines(talk, { columns: out.columns, paint: out.paint })) out.line(line);
  return EXIT.done;
}
