import { recordedReplySchema, type AttemptView, type RecordedReply } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** Answers that a `recorded` brain takes in at most. */
const MOST_REPLIES = 1000;

export interface Replies {
  readonly replies: readonly RecordedReply[];
  /** Numbers of the exchanges whose answer the journal holds only in part: played, they are shorter than they were. */
  readonly cut: readonly number[];
}

/** The brain's answers in their order, as the daemon recorded them. @throws CliError where there is none, or too many. */
export function repliesOf({ records, devices }: AttemptView): Replies {
  const answered = records
    .filter(({ node }) => node === devices.origin)
    .toSorted((a, b) => a.seq - b.seq)
    .flatMap(({ body }) =>
      body.kind === "exchange" && body.reply !== undefined ? [{ ...body, reply: body.reply }] : [],
    );
  if (answered.length === 0)
    throw new CliError(EXIT.usage, "the journal holds no answer of this attempt's brain", {
      remedy:
        "choose another attempt with --attempt N; journals from before exchanges were recorded have none",
    });
  if (answered.length > MOST_REPLIES)
    throw new CliError(
      EXIT.usage,
      `${answered.length} answers: a recorded brain plays ${MOST_REPLIES} at most`,
    );
  return {
    replies: answered.map(({ reply, promptTokens, completionTokens }) =>
      recordedReplySchema.parse({
        text: reply.text,
        calls: reply.calls.map(bounded),
        promptTokens,
        completionTokens,
      }),
    ),
    cut: answered.filter(({ reply }) => reply.cut).map(({ number }) => number),
  };
}

/** A name or an input may be longer than what is played again. */
const bounded = (call: { readonly name: string; readonly arguments: string }) => ({
  name: call.name.slice(0, 256),
  arguments: call.arguments.slice(0, 65_536),
});
