import type { AttemptView, NodeId, Projection, StudyView, TrialId, TrialView } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { hasLeft, nodesOf } from "./attempt-facts.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { runOrderOf } from "./run-order.ts";
import type { TrialMirror } from "./trial-mirror.ts";

const nameOf = (trial: TrialView, attempt: AttemptView) => `${trial.trial}.${attempt.attempt}`;

/** What carries the orders. */
type Orderly = Pick<Dispatcher, "epoch" | "send" | "tell" | "ask" | "withdraw">;

interface SentRun {
  readonly trial: TrialId;
  readonly attempt: number;
  /** Stream numbers of its run commands, to withdraw one that was never read. */
  readonly seqs: number[];
  /** The one whose fate is the attempt's; null while there are only those of a predecessor, which the node may refuse. */
  counting: number | null;
}

/** What the journal says about attempts, made known to their nodes. Nothing here waits for a node or rejects. */
export class AttemptOrders {
  readonly #dispatcher: Orderly;
  readonly #mirror: Pick<TrialMirror, "sync">;
  readonly #log: Logger;
  readonly #sent = new Map<string, SentRun>();
  readonly #sending = new Set<Promise<void>>();

  constructor(dispatcher: Orderly, mirror: Pick<TrialMirror, "sync">, log: Logger) {
    this.#dispatcher = dispatcher;
    this.#mirror = mirror;
    this.#log = log;
  }

  /** Tells the origin to run a placed attempt, until the stream has it or the attempt has ended. Safe to repeat. */
  run(study: StudyView, trial: TrialView, attempt: AttemptView): void {
    const name = nameOf(trial, attempt);
    this.#start(async () => {
      // Not waited for. It goes out before the command, over the same connection, and where it finds a later term this process ends; the
      // node refuses what a lower term still says.
      void this.#mirror.sync(trial);
      const order = runOrderOf(study, trial, attempt);
      const wanted = () => attempt.endedAt === null && trial.state === "placed";
      const { origin } = attempt.devices;
      const sent = await this.#dispatcher.send(origin, name, order, wanted);
      if (sent === null) return;
      // A predecessor's message: the node may refuse its term. One of this term goes after it; the node starts once.
      await this.#noteSent(trial, attempt, sent.seq, !sent.duplicate);
      if (!sent.duplicate) return;
      const again = await this.#dispatcher.send(origin, `${name}.e${this.#dispatcher.epoch}`, order, wanted);
      if (again !== null) await this.#noteSent(trial, attempt, again.seq, true);
    });
  }

  async #noteSent(trial: TrialView, attempt: AttemptView, seq: number, counts: boolean): Promise<void> {
    if (attempt.endedAt !== null) return this.#dispatcher.withdraw(seq);
    const name = nameOf(trial, attempt);
    const sent = this.#sent.get(name) ?? {
      ...{ trial: trial.trial, attempt: attempt.attempt },
      ...{ seqs: [], counting: null },
    };
    sent.seqs.push(seq);
    if (counts) sent.counting = seq;
    this.#sent.set(name, sent);
  }

  /** The attempt whose run command is the message of this number, where no newer message takes its place. */
  runSentAs(seq: number): { readonly trial: TrialId; readonly attempt: number } | null {
    for (const { trial, attempt, counting } of this.#sent.values())
      if (counting === seq) return { trial, attempt };
    return null;
  }

  /** Ends an attempt on every node that may still have a part of it: durably, and at once where the node listens. */
  cancel(trial: TrialView, attempt: AttemptView, reason: string): void {
    const name = nameOf(trial, attempt);
    const sent = this.#sent.get(name);
    this.#sent.delete(name);
    for (const seq of sent?.seqs ?? []) this.#start(() => this.#dispatcher.withdraw(seq));
    for (const node of nodesOf(attempt)) {
      if (hasLeft(attempt, node)) continue;
      const { id, order } = cancelOrder(trial, attempt, reason);
      this.#dispatcher.tell(node, id, order);
      this.#start(async () => {
        await this.#dispatcher.send(node, `${id}.${node}`, order, () => !hasLeft(attempt, node));
      });
    }
  }

  /** A node still renews an attempt that is over: it has not got the cancel yet. */
  remind(node: NodeId, trial: TrialView, attempt: AttemptView): void {
    const { id, order } = cancelOrder(trial, attempt, "the attempt is over");
    this.#dispatcher.tell(node, id, order);
  }

  /** Cancels and asks each node of the attempt whether it is done. @returns nodes by answer. */
  async cancelAndAsk(
    trial: TrialView,
    attempt: AttemptView,
    reason: string,
    waitMs: number,
  ): Promise<Map<NodeId, boolean>> {
    this.cancel(trial, attempt, reason);
    const { id, order } = cancelOrder(trial, attempt, reason);
    const answers = nodesOf(attempt).map(
      async (node) =>
        [
          node,
          hasLeft(attempt, node) || (await this.#dispatcher.ask(node, id, order, waitMs)) !== null,
        ] as const,
    );
    return new Map(await Promise.all(answers));
  }

  /** After a restart: says again what a predecessor may not have got out. */
  resume(state: Projection): void {
    for (const trial of state.trials.values())
      for (const attempt of trial.attempts) {
        // It ran in another lab: nodes here that have the same names know nothing of it.
        if (attempt.elsewhere === true) continue;
        const study = state.studies.get(trial.study);
        if (attempt.endedAt !== null && attempt.adjudications.length === 0)
          this.cancel(trial, attempt, "the attempt is over");
        else if (attempt.endedAt === null && trial.state === "placed" && study !== undefined)
          this.run(study, trial, attempt);
      }
  }

  /** Forgets an attempt that ended by itself. */
  ended(trial: TrialView, attempt: AttemptView): void {
    this.#sent.delete(nameOf(trial, attempt));
  }

  /** Resolves when nothing is being sent; senders end when the dispatcher's signal aborts. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  #start(work: () => Promise<void>): void {
    const sending = work()
      .catch((error: unknown) => this.#log.error({ err: error }, "order could not be sent"))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }
}

function cancelOrder(trial: TrialView, attempt: AttemptView, reason: string) {
  return {
    id: `${nameOf(trial, attempt)}.cancel`,
    order: {
      verb: "cancel" as const,
      trial: trial.trial,
      attempt: attempt.attempt,
      reason: reason.slice(0, 300),
    },
  };
}
