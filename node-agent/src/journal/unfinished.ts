import { nodeRecordSchema, type AttemptKey, type Device, type NodeRecord } from "@redline/shared";

/** What a restarted daemon must know of its predecessor. */
export interface Past {
  /** Parts of attempts that were accepted and never closed: they died with the predecessor. */
  readonly unfinished: readonly { readonly key: AttemptKey; readonly device: Device }[];
  /** `<trial>.<attempt>` of everything ever accepted: it must not be started twice. */
  readonly accepted: ReadonlySet<string>;
  /** Highest coordinator term seen. */
  readonly epoch: number;
}

export const attemptName = (key: Pick<AttemptKey, "trial" | "attempt">) => `${key.trial}.${key.attempt}`;

/** Reads the past out of the node's own journal lines. */
export function readPast(lines: readonly string[]): Past {
  const open = new Map<string, { key: AttemptKey; device: Device }>();
  const accepted = new Set<string>();
  let epoch = 1;
  for (const line of lines) {
    const record: NodeRecord = nodeRecordSchema.parse(JSON.parse(line));
    const { key, body } = record;
    if (key === undefined) continue;
    epoch = Math.max(epoch, key.epoch);
    if (body.kind === "accepted") {
      accepted.add(attemptName(key));
      open.set(`${attemptName(key)}/${body.device}`, { key, device: body.device });
    }
    if (body.kind === "device-closed" || body.kind === "lost")
      open.delete(`${attemptName(key)}/${body.device}`);
  }
  return { unfinished: [...open.values()], accepted, epoch };
}
