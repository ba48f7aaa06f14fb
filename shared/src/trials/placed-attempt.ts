import type { CoordinatorRecord } from "../journal/coordinator-record.ts";
import { emptyContainment } from "./containment-view.ts";
import { emptyOversight } from "./oversight-view.ts";
import type { AttemptView, StudyView } from "./trial-view.ts";

/** An attempt of which nothing is known but where it was placed, and the limits that held then. */
export function placedAttempt(
  { key, devices, gpus }: Extract<CoordinatorRecord["body"], { kind: "placed" }>,
  limits: StudyView["limits"],
  at: string,
): AttemptView {
  return {
    attempt: key.attempt,
    epoch: key.epoch,
    devices,
    gpus: gpus ?? null,
    placedAt: at,
    endedAt: null,
    runEnd: null,
    runDetail: "",
    turns: 0,
    tokens: 0,
    outcome: null,
    fault: null,
    detail: "",
    phases: [],
    accepted: new Set(),
    refused: null,
    lost: null,
    partEnded: null,
    closed: new Set(),
    cells: [],
    records: [],
    adjudications: [],
    sealed: null,
    ...emptyContainment(),
    ...emptyOversight(limits),
  };
}
