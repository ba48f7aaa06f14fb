import { isImporting, studyIdSchema, whyRequestSchema, type StudyId, type StudyView } from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import type { JournalStore } from "./journal-store.ts";
import { BY_RETENTION, type ObjectsFolder } from "./objects-folder.ts";
import { signedBy } from "./signed-request.ts";
import type { Turns } from "./turns.ts";

export interface RetentionPorts {
  readonly store: Pick<JournalStore, "state" | "commit" | "writable">;
  readonly turns: Turns;
  readonly folder: Pick<ObjectsFolder, "removeStudy" | "list">;
  readonly clock: Pick<Clock, "now">;
}

const DAY_MS = 86_400_000;
/** Whether a study's own retention says that its objects go now. */
export function isDue(study: StudyView, now: Date): boolean {
  const { retention } = study.definition;
  // Its objects may still be coming.
  if (retention === undefined || study.endedAt === null || isImporting(study)) return false;
  return now.getTime() - Date.parse(study.endedAt) >= retention.objectsDays * DAY_MS;
}

/** Removes the objects of studies that are over for as long as their files say. Journalled before anything is removed. */
export async function applyRetention(ports: RetentionPorts): Promise<void> {
  const { store, folder, clock } = ports;
  if (!store.writable()) return;
  for (const study of [...store.state.studies.values()]) {
    if (!isDue(study, clock.now()) || (await folder.list(study.id)).length === 0) continue;
    const days = study.definition.retention?.objectsDays ?? 0;
    await removeObjects(
      ports,
      study.id,
      BY_RETENTION,
      `${days} days after the study's end, as its file says`,
    );
  }
}

/** `POST /api/studies/ID/prune`: the same by hand, for a study that is over. */
export async function pruneStudy(ports: RetentionPorts, request: HttpRequest): Promise<HttpReply> {
  const id = studyIdSchema.safeParse(request.params[0]);
  const order = await signedBy(request, whyRequestSchema);
  if (!order.ok) return order.reply;
  const study = id.success ? ports.store.state.studies.get(id.data) : undefined;
  if (study === undefined) return jsonReply({ error: "there is no such study" }, 404);
  if (study.endedAt === null && study.moved === null)
    return jsonReply({ problems: ["the study is not over: its objects are still being written"] }, 409);
  const removed = await removeObjects(ports, study.id, order.data.who, order.data.why);
  return jsonReply({ study: study.id, ...removed });
}

/** The record first: objects that are there without it are removed again, those that are gone without it would be missing. */
function removeObjects({ store, turns, folder }: RetentionPorts, study: StudyId, who: string, why: string) {
  return turns.take(async () => {
    const held = await folder.list(study);
    const count = held.length;
    const bytes = held.reduce((sum, one) => sum + one.bytes, 0);
    await store.commit({ kind: "objects-removed", study, count, bytes, who, why });
    await folder.removeStudy(study);
    return { count, bytes };
  });
}
