import {
  interveneRequestSchema,
  isFinal,
  trialIdSchema,
  whyRequestSchema,
  type AttemptView,
  type InterventionAct,
  type TrialView,
} from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import { signedBy } from "./signed-request.ts";
import { cancelTrial, type StopPorts } from "./stop.ts";

export interface TrialOrderPorts extends StopPorts {
  /** How long a node may take to say that an act took effect, ms. */
  readonly actMs?: number;
}

const ACT_MS = 10_000;

/** `POST /api/trials/ID/cancel`: this trial alone. */
export async function orderCancel(ports: TrialOrderPorts, request: HttpRequest): Promise<HttpReply> {
  const order = await signedBy(request, whyRequestSchema);
  if (!order.ok) return order.reply;
  const trial = trialOf(ports, request);
  if (trial === undefined) return noTrial();
  const stopped = await cancelTrial(ports, trial.trial, order.data.who, order.data.why);
  return stopped === null ? jsonReply({ problems: [overAlready(trial)] }, 409) : jsonReply(stopped);
}

/**
 * `POST /api/trials/ID/intervene`: journalled, then asked of the origin's node, which answers when it took effect. Without an answer
 * (504) it may have taken effect all the same: the node's record says so once it arrives. Nothing is sent again later.
 */
export async function orderIntervention(ports: TrialOrderPorts, request: HttpRequest): Promise<HttpReply> {
  const order = await signedBy(request, interveneRequestSchema);
  if (!order.ok) return order.reply;
  const { who, why, act } = order.data;
  const { store, turns, log, actMs = ACT_MS } = ports;
  const ordered = await turns.take(async () => {
    const trial = trialOf(ports, request);
    if (trial === undefined) return noTrial();
    const attempt = trial.attempts.at(-1);
    const problem = problemOf(trial, attempt, act);
    if (attempt === undefined || problem !== null) return jsonReply({ problems: [problem] }, 409);
    const key = { trial: trial.trial, attempt: attempt.attempt };
    const { seq } = await store.commit({ kind: "intervention-ordered", ...key, who, why, act });
    return { key, node: attempt.devices.origin, seq };
  });
  if ("status" in ordered) return ordered;
  const { key, node, seq } = ordered;
  log.info({ ...key, who, act: act.do }, "intervention ordered");
  const id = `${key.trial}.${key.attempt}.act${seq}`;
  const answer = await ports
    .reach()
    ?.dispatcher.ask(node, id, { verb: "intervene", ...key, who, why, act }, actMs);
  if (answer !== null && answer !== undefined) return jsonReply(answer);
  return jsonReply(
    {
      error: `${node} did not answer within ${actMs / 1000} s whether "${act.do}" took effect; \`redline trial show ${key.trial}\` says so once its records arrive`,
    },
    504,
  );
}

/** Why an act makes no sense now, in a sentence; null where it does. */
function problemOf(trial: TrialView, attempt: AttemptView | undefined, act: InterventionAct): string | null {
  if (isFinal(trial.state)) return overAlready(trial);
  if (attempt === undefined || trial.state !== "running")
    return `trial: no agent of ${trial.trial} runs now; it is ${trial.state}`;
  if (act.do !== "decide") return null;
  const asked = attempt.approvals.get(act.id);
  if (asked === undefined) return `act.id: attempt ${attempt.attempt} has no question ${act.id}`;
  return asked.decision === "asked"
    ? null
    : `act.id: question ${act.id} is decided already: ${asked.decision} by ${asked.who}`;
}

function trialOf({ store }: TrialOrderPorts, { params }: HttpRequest): TrialView | undefined {
  const id = trialIdSchema.safeParse(params[0]);
  return id.success ? store.state.trials.get(id.data) : undefined;
}

const overAlready = ({ trial, state }: TrialView) => `trial: ${trial} is over already: ${state}`;
const noTrial = () => jsonReply({ error: "there is no such trial" }, 404);
