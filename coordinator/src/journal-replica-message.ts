import { z } from "zod";
import type { PairSecret } from "./pair-secret.ts";

/** Bytes of journal in one message: well below the servers' limit of 1 MiB, also where an answer carries it in base64. */
export const MESSAGE_BYTES = 512 * 1024 - 1024;

const headSchema = z.object({
  v: z.literal(1),
  /** Name of the coordinator that wrote it, and one start of it. */
  by: z.string().max(64),
  start: z.string().max(64),
  /** Number of the first line in it. */
  first: z.int().min(1),
  /** Which of how many messages hold that line; 0 of 1 where the message holds whole lines. */
  part: z.int().min(0),
  parts: z.int().min(1),
});
export type ReplicaHead = z.infer<typeof headSchema>;

/** A message of stream JRN: a line of JSON about it, and then bytes of the journal as they are in the file. */
export interface ReplicaMessage {
  readonly head: ReplicaHead;
  readonly bytes: Buffer;
}

export interface NumberedLine {
  readonly seq: number;
  readonly line: string;
}

type Sealing = Pick<PairSecret, "seal" | "open">;

export const encodeMessage = ({ head, bytes }: ReplicaMessage, secret: Sealing): Buffer =>
  secret.seal(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]));

/** Null for what no coordinator of this pair wrote: it counts as if it were not there. */
export function decodeMessage(data: Uint8Array, secret: Sealing): ReplicaMessage | null {
  const buffer = secret.open(data);
  if (buffer === null) return null;
  const end = buffer.indexOf(0x0a);
  if (end === -1) return null;
  try {
    const head = headSchema.safeParse(JSON.parse(buffer.subarray(0, end).toString("utf8")));
    return head.success ? { head: head.data, bytes: buffer.subarray(end + 1) } : null;
  } catch {
    return null;
  }
}

/** The next message of what waits: as many lines as fit, or the parts of one that fits nowhere. `lines` must not be empty. */
export function packLines(
  lines: readonly NumberedLine[],
  writer: Pick<ReplicaHead, "by" | "start">,
  most = MESSAGE_BYTES,
): { readonly messages: ReplicaMessage[]; readonly taken: number } {
  const taken: Buffer[] = [];
  let size = 0;
  for (const { line } of lines) {
    const bytes = Buffer.from(`${line}\n`);
    if (taken.length > 0 && size + bytes.length > most) break;
    taken.push(bytes);
    size += bytes.length;
    if (size >= most) break;
  }
  const whole = Buffer.concat(taken);
  const parts = Math.max(1, Math.ceil(whole.length / most));
  const messages = Array.from({ length: parts }, (_, part) => ({
    head: { v: 1 as const, ...writer, first: lines[0]?.seq ?? 1, part, parts },
    bytes: whole.subarray(part * most, (part + 1) * most),
  }));
  return { messages, taken: taken.length };
}

/** Puts lines together again. A line of which a part is missing was never whole: its writer ended in between. */
export class LineAssembler {
  #open: { head: ReplicaHead; parts: Buffer[] } | null = null;

  /** @returns the lines that are whole now, the first with number `head.first`; a message read twice in a row gives none twice. */
  take({ head, bytes }: ReplicaMessage): NumberedLine[] {
    if (head.parts === 1) {
      this.#open = null;
      return linesOf(bytes, head.first);
    }
    if (head.part === 0) this.#open = { head, parts: [bytes] };
    else if (this.#open !== null && continues(this.#open, head)) this.#open.parts.push(bytes);
    else this.#open = null;
    if (this.#open?.parts.length !== head.parts) return [];
    const lines = linesOf(Buffer.concat(this.#open.parts), head.first);
    this.#open = null;
    return lines;
  }
}

const continues = ({ head, parts }: { head: ReplicaHead; parts: Buffer[] }, next: ReplicaHead) =>
  next.start === head.start && next.first === head.first && next.part === parts.length;

const linesOf = (bytes: Buffer, first: number): NumberedLine[] =>
  bytes
    .toString("utf8")
    .split("\n")
    .slice(0, -1)
    .map((line, index) => ({ seq: first + index, line }));
