import { hash } from "node:crypto";
import { joinMessages, type ExchangeBody } from "@redline/shared";
import type { ExchangeKeeper } from "../objects/exchange-keeper.ts";
import { boundedText } from "../observe/bounded-text.ts";
import type { BrainReply, BrainRequest, ChatMessage } from "./brain.ts";
import type { BrainError } from "./brain-error.ts";

/** Of an answer, text and calls together, as UTF-8. */
const REPLY_BYTES = 16 * 1024;
const MOST_CALLS = 32;
const NAME_CHARACTERS = 256;

export interface Exchange {
  readonly number: number;
  readonly request: BrainRequest;
  readonly outcome: { readonly reply: BrainReply } | { readonly error: BrainError };
  /** Of this exchange; null where nobody said the price. */
  readonly costUsd: number | null;
  readonly tookMs: number;
}

/**
 * What the journal keeps of a question and its answer. The whole conversation is digested once, as it went to the brain.
 * @param keeper takes the messages, and an answer that is cut, as objects; they are on disk when this resolves.
 */
export async function exchangeRecord(
  { number, request, outcome, costUsd, tookMs }: Exchange,
  keeper?: ExchangeKeeper,
): Promise<ExchangeBody> {
  const reply = "reply" in outcome ? outcome.reply : undefined;
  const sent: readonly ChatMessage[] = reply?.sent ?? request.messages;
  const { usage } = "error" in outcome ? outcome.error : outcome.reply;
  const messages = sent.map((message) => JSON.stringify(message));
  const asJson = joinMessages(messages);
  const short = reply === undefined ? undefined : replyRecord(reply);
  const [kept, whole] = await Promise.all([
    keeper?.messages(messages),
    reply !== undefined && short?.cut === true
      ? keeper?.reply({
          text: reply.text,
          calls: reply.toolCalls.map(({ name, arguments: input }) => ({ name, arguments: input })),
        })
      : undefined,
  ]);
  return {
    kind: "exchange",
    number,
    request: {
      sha256: hash("sha256", asJson),
      bytes: Buffer.byteLength(asJson),
      messages: sent.length,
      ...(kept === undefined ? {} : { kept }),
    },
    dropped: request.messages.length - sent.length,
    ...(short === undefined ? {} : { reply: { ...short, ...(whole === undefined ? {} : { whole }) } }),
    ...("error" in outcome ? { error: outcome.error.code } : {}),
    ...(reply?.unmetered === true ? { unmetered: true } : {}),
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    costUsd,
    tookMs,
    waitedMs: "error" in outcome ? outcome.error.waitedMs : outcome.reply.waitedMs,
  };
}

function replyRecord(reply: BrainReply): NonNullable<ExchangeBody["reply"]> {
  let left = REPLY_BYTES;
  let cut = reply.toolCalls.length > MOST_CALLS;
  const take = (text: string, mostCharacters = REPLY_BYTES): string => {
    const kept = firstBytes(boundedText(text, mostCharacters), left);
    if (kept.length < text.length) cut = true;
    left -= Buffer.byteLength(kept);
    return kept;
  };
  const text = take(reply.text);
  const calls = reply.toolCalls.slice(0, MOST_CALLS).map((call) => ({
    name: take(call.name, NAME_CHARACTERS),
    arguments: take(call.arguments),
  }));
  return { text, calls, cut, model: boundedText(reply.model ?? "", NAME_CHARACTERS) };
}

/** As much of the text as fits, without half a character at its end. */
function firstBytes(text: string, most: number): string {
  // A UTF-16 unit is at most three bytes: most texts need no look at their bytes.
  if (text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = Math.max(0, most);
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.toString("utf8", 0, end);
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
