import type { NodeRecord } from "../journal/node-record.ts";
import type { AttemptView, TrialView } from "./trial-view.ts";

type Said = Pick<NodeRecord, "node" | "body">;

/** What a node's record says of its attempt, whether that is over or not. */
export function foldProgress(attempt: AttemptView, { node, body }: Said): void {
  switch (body.kind) {
    case "accepted":
      attempt.accepted.add(body.device);
      break;
    case "refused":
      attempt.refused ??= { node, fault: body.fault, why: body.why };
      break;
    case "lost":
      attempt.lost ??= { node, detail: body.detail };
      break;
    case "part-ended":
      attempt.partEnded ??= { node, fault: body.fault, detail: body.detail };
      break;
    case "cell-gone":
      attempt.cells.push({ device: body.device, node, proof: body.proof });
      break;
    case "device-closed":
      attempt.closed.add(body.device);
      break;
    case "phase":
      attempt.phases.push({ phase: body.phase, node, ms: body.ms });
      break;
    case "run-ended":
      attempt.runEnd = body.end;
      attempt.runDetail = body.detail;
      attempt.turns = body.turns;
      attempt.tokens = body.tokens;
      break;
    default:
  }
}

/** How a record of its newest attempt, which is not over, moves a trial. */
export function foldTrial(trial: TrialView, attempt: AttemptView, { node, body }: Said): void {
  if (body.kind === "accepted" && body.device === "origin" && trial.state === "placed") {
    trial.state = "running";
    trial.why = `runs on ${node}`;
  }
  if (body.kind === "attempt-ended") {
    attempt.outcome = body.outcome;
    attempt.fault = body.fault ?? null;
    attempt.detail = body.detail;
    trial.state = "collecting";
    trial.why = "the attempt is over; evidence is being collected";
  }
}
