import { isImporting, studyIdSchema, whyRequestSchema } from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import { signedBy } from "./signed-request.ts";
import { endAttempts, type StopPorts } from "./stop.ts";

/**
 * `POST /api/studies/ID/move-out`: from here on the study runs nowhere in this lab, whatever comes of it elsewhere. One record ends its
 * trials and forbids new ones; the cells of its attempts are ended after it.
 */
export async function moveOut(ports: StopPorts, request: HttpRequest): Promise<HttpReply> {
  const { store, turns } = ports;
  const id = studyIdSchema.safeParse(request.params[0]);
  const order = await signedBy(request, whyRequestSchema);
  if (!order.ok) return order.reply;
  const { who, why } = order.data;
  const moved = await turns.take(async () => {
    const study = id.success ? store.state.studies.get(id.data) : undefined;
    if (study === undefined) return jsonReply({ error: "there is no such study" }, 404);
    if (study.endedAt !== null) return conflict(`the study has ended: ${study.endedWhy}; export it as it is`);
    if (study.moved !== null)
      return conflict(`${study.moved.who} has moved it out already: ${study.moved.why}; export it`);
    if (isImporting(study)) return conflict("its import is not complete");
    const open = store.state
      .trialsOf(study.id)
      .flatMap((trial) =>
        trial.attempts.at(-1)?.endedAt === null ? [{ trial, attempt: trial.attempts.at(-1) }] : [],
      );
    const before = store.state.trialsOf(study.id).filter(({ state }) => state !== "cancelled").length;
    await store.commit({ kind: "study-moved", study: study.id, who, why });
    const after = store.state.trialsOf(study.id).filter(({ state }) => state !== "cancelled").length;
    return { study: study.id, open, cancelledTrials: before - after };
  });
  if ("status" in moved) return moved;
  const { silent } = await endAttempts(ports, moved.open, `moved to another lab by ${who}: ${why}`);
  return jsonReply({ study: moved.study, cancelledTrials: moved.cancelledTrials, silent });
}

const conflict = (problem: string) => jsonReply({ problems: [problem] }, 409);
