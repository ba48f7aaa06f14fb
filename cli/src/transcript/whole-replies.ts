import { wholeReplySchema, type AttemptView, type NodeRecord, type WholeReply } from "@redline/shared";

/** Reads an object of the attempt's study; null where it is not there. */
export type ReadObject = (sha256: string) => Promise<Buffer | null>;

export interface WithWholeReplies {
  readonly attempt: AttemptView;
  /** Exchanges whose whole answer is not here, each with the reason. */
  readonly missing: readonly { readonly number: number; readonly why: string }[];
}

/** The attempt with whole answers in place of those that its records hold only in part, as far as the objects are there. */
export async function withWholeReplies(attempt: AttemptView, read: ReadObject): Promise<WithWholeReplies> {
  const missing: { number: number; why: string }[] = [];
  const records: NodeRecord[] = [];
  for (const record of attempt.records) {
    const { body } = record;
    if (body.kind !== "exchange" || body.reply?.cut !== true) {
      records.push(record);
      continue;
    }
    const { whole } = body.reply;
    const found = whole !== undefined && "sha256" in whole ? replyIn(await read(whole.sha256)) : null;
    if (found === null) {
      const why =
        whole === undefined
          ? "it was recorded before whole answers were kept"
          : "not" in whole
            ? `it was not kept: ${whole.not}`
            : `its object ${whole.sha256} is not here: removed, or not arrived`;
      missing.push({ number: body.number, why });
      records.push(record);
      continue;
    }
    const reply = { ...body.reply, text: found.text, calls: found.calls, cut: false };
    records.push({ ...record, body: { ...body, reply } });
  }
  return { attempt: { ...attempt, records }, missing };
}

function replyIn(bytes: Buffer | null): WholeReply | null {
  if (bytes === null) return null;
  try {
    const parsed = wholeReplySchema.safeParse(JSON.parse(bytes.toString("utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
