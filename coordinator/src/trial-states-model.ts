import { FAULTS, isFinal, type Fault, type NodeRecordBody, type TrialState } from "@redline/shared";

type Origin = "origin" | "target";

/** What is known of one attempt; records of one that is over still come in, and change no state. */
export class ModelAttempt {
  readonly accepted = new Set<Origin>();
  readonly closed = new Set<Origin>();
  readonly proved = new Set<Origin>();
  refused: Fault | null = null;
  lost = false;
  partEnded: Fault | null = null;
  dirty = false;
  ended: { readonly outcome: "completed" | "infra" | "cancelled"; readonly fault: Fault | null } | null =
    null;
  live = true;
  fault: Fault | null = null;
}

/** A trial as the page on the protocol describes it, in the few words that a test needs to foretell the real one. For tests only. */
export class ModelTrial {
  state: TrialState = "waiting";
  readonly attempts: ModelAttempt[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get last(): ModelAttempt | undefined {
    return this.attempts.at(-1);
  }

  /** A record of attempt `number` (from 1) takes effect. */
  take(number: number, body: NodeRecordBody): void {
    const attempt = this.attempts[number - 1];
    if (attempt === undefined) return;
    if (body.kind === "accepted") attempt.accepted.add(body.device);
    if (body.kind === "refused") attempt.refused ??= body.fault;
    if (body.kind === "lost") attempt.lost = true;
    if (body.kind === "part-ended") attempt.partEnded ??= body.fault;
    if (body.kind === "device-closed") attempt.closed.add(body.device);
    if (body.kind === "cell-gone") {
      attempt.proved.add(body.device);
      attempt.dirty ||= !body.proof.clean;
    }
    if (!attempt.live || attempt !== this.last || isFinal(this.state)) return;
    if (body.kind === "accepted" && body.device === "origin" && this.state === "placed")
      this.state = "running";
    if (body.kind !== "attempt-ended") return;
    attempt.ended = { outcome: body.outcome, fault: body.fault ?? null };
    this.state = "collecting";
  }

  cancel(): void {
    if (isFinal(this.state)) return;
    this.state = "cancelled";
    if (this.last !== undefined) this.last.live = false;
  }

  /** All that passes do until nothing is left to do. @param late so long that every wait is over. @param renewed leases were. */
  settle(late: boolean, renewed: boolean): void {
    for (let before: TrialState | null = null; before !== this.state;) {
      before = this.state;
      if (late || !isFinal(this.state)) this.#step(late, renewed);
      // What has just begun has waited for nothing yet.
      if (this.state === "placed" && before === "waiting") return;
    }
  }

  #step(late: boolean, renewed: boolean): void {
    if (this.state === "done" || this.state === "cancelled") return;
    const leftBehind = this.attempts.some((one) => !one.live && one.fault !== "not-sterile" && one.dirty);
    if (leftBehind) {
      for (const one of this.attempts) {
        if (!one.live && one.dirty) one.fault = "not-sterile";
        one.live = false;
      }
      this.state = "invalid";
      return;
    }
    if (this.state === "invalid") return;
    if (this.state === "waiting") {
      this.attempts.push(new ModelAttempt());
      this.state = "placed";
      return;
    }
    const attempt = this.last;
    if (attempt === undefined) return;
    const fault = this.#faultOf(attempt, late, renewed);
    if (fault !== null) this.#fail(attempt, attempt.dirty ? "not-sterile" : fault);
    else if (
      this.state === "collecting" &&
      attempt.ended?.outcome === "completed" &&
      attempt.closed.size === 2
    ) {
      attempt.live = false;
      const sterile = !attempt.dirty && attempt.proved.size === 2;
      this.state = sterile ? "done" : "invalid";
      attempt.fault = sterile ? null : "not-sterile";
    }
  }

  #faultOf(attempt: ModelAttempt, late: boolean, renewed: boolean): Fault | null {
    if (attempt.refused !== null) return attempt.refused;
    if (attempt.lost) return "node-restarted";
    if (attempt.partEnded !== null) return attempt.partEnded;
    if (this.state === "collecting") {
      if (attempt.ended?.outcome === "infra") return attempt.ended.fault ?? "unexpected";
      if (attempt.ended?.outcome === "cancelled") return attempt.ended.fault ?? "node-draining";
      return late && attempt.closed.size < 2 ? "evidence-late" : null;
    }
    if (!late) return null;
    if (this.state === "placed") return "node-lost";
    const silent = [...attempt.accepted].some((device) => !attempt.closed.has(device));
    return silent && !renewed ? "node-lost" : null;
  }

  #fail(attempt: ModelAttempt, fault: Fault): void {
    attempt.live = false;
    attempt.fault = fault;
    const again = FAULTS[fault].retry && this.attempts.length < this.#most;
    this.state = again ? "waiting" : "invalid";
  }
}
