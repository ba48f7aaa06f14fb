import type { NatsConnection } from "@nats-io/transport-node";
import { z } from "zod";
import { coordinatorNameSchema, subjects, type CoordinatorName } from "@redline/shared";
import { answerTo, ask, type Logger } from "@redline/daemon";
import type { JournalReader } from "./journal-reader.ts";

/** Bytes of one answer. */
const ANSWER_BYTES = 384 * 1024;
const ASK_MS = 5000;

/** Asks for bytes of the journal from behind line `after` on, the first `offset` of them left out. */
const questionSchema = z.strictObject({
  v: z.literal(1),
  after: z.int().min(0),
  offset: z.int().min(0),
});

/** Answers a standby's questions for lines until the signal aborts. What is no question of a coordinator gets none. */
export function serveOlder(
  connection: NatsConnection,
  reader: Pick<JournalReader, "read">,
  name: CoordinatorName,
  log: Logger,
  signal: AbortSignal,
): void {
  const subscription = connection.subscribe(subjects.journalOlder, {
    callback: (error, message) => {
      if (error !== null) return;
      const answer = answerTo(
        connection,
        message,
        name,
        (asker) => coordinatorNameSchema.safeParse(asker).success,
      );
      const question = readQuestion(message.data);
      if (answer === null || question === null) {
        log.warn({ reply: message.reply }, "a question for the journal was dropped");
        return;
      }
      reader
        .read(question.after)
        .then((lines) => answer(slice(lines, question.offset)))
        .catch((cause: unknown) => log.warn({ err: cause }, "older lines could not be read"));
    },
  });
  signal.addEventListener("abort", () => subscription.unsubscribe(), { once: true });
}

function readQuestion(data: Uint8Array): z.infer<typeof questionSchema> | null {
  try {
    return questionSchema.parse(JSON.parse(Buffer.from(data).toString("utf8")));
  } catch {
    return null;
  }
}

function slice(lines: readonly string[], offset: number): Buffer {
  const chosen: Buffer[] = [];
  let size = 0;
  for (const line of lines) {
    if (size >= offset + ANSWER_BYTES) break;
    const bytes = Buffer.from(`${line}\n`);
    chosen.push(bytes);
    size += bytes.length;
  }
  return Buffer.concat(chosen).subarray(offset, offset + ANSWER_BYTES);
}

/**
 * Some lines after line `after` of the leader's journal, at least one; none where it has none.
 * @throws when the leader does not answer.
 */
export async function askOlder(
  connection: NatsConnection,
  route: { readonly from: CoordinatorName; readonly leader: CoordinatorName },
  after: number,
  signal: AbortSignal,
): Promise<string[]> {
  const to = { from: route.from, to: route.leader, subject: subjects.journalOlder };
  let bytes = Buffer.alloc(0);
  // Ends with a newline, or with an answer that has nothing more.
  for (;;) {
    const question = JSON.stringify({ v: 1, after, offset: bytes.length });
    const { data } = await ask(connection, to, question, ASK_MS, signal);
    if (data.length === 0) return [];
    bytes = Buffer.concat([bytes, data]);
    const end = bytes.lastIndexOf(0x0a);
    if (end !== -1) return bytes.subarray(0, end).toString("utf8").split("\n");
  }
}
