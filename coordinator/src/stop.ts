import {
  isFinal,
  isImporting,
  type AttemptView,
  type NodeId,
  type StudyId,
  type TrialId,
  type TrialView,
} from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { AttemptOrders } from "./attempt-orders.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { JournalStore } from "./journal-store.ts";
import type { Turns } from "./turns.ts";

export interface StopPorts {
  readonly store: JournalStore;
  readonly turns: Turns;
  readonly nodes: readonly NodeId[];
  readonly log: Logger;
  /** What reaches the nodes; null before the first connection: then only the journal is changed. */
  readonly reach: () => { readonly orders: AttemptOrders; readonly dispatcher: Dispatcher } | null;
}

export interface Stopped {
  readonly stopped: NodeId[];
  readonly silent: NodeId[];
  readonly cancelledTrials: number;
}

const ANSWER_MS = 10_000;

/** Ends every cell of every enrolled node and cancels every trial that is not over. */
export async function stopAll(ports: StopPorts, who: string, why: string): Promise<Stopped> {
  const { store, nodes, log } = ports;
  const reason = `${who}: ${why}`.slice(0, 300);
  log.warn({ who, why }, "stop ordered");
  // The order goes out before anything else: the journal's turn may have to wait for a pass.
  const id = `stop.${store.reader.head}.${Date.now()}`;
  const reach = ports.reach();
  const order = { verb: "stop" as const, reason };
  const asked = nodes.map(async (node) => {
    const answer = await reach?.dispatcher.ask(node, id, order, ANSWER_MS);
    return [node, answer?.running === 0 && answer.done] as const;
  });
  const cancelled = await ports.turns.take(async () => {
    await store.commit({ kind: "stop-ordered", who, why });
    return cancelTrials(ports, [...store.state.trials.values()], `stopped by ${reason}`);
  });
  for (const node of nodes) void reach?.dispatcher.send(node, `${id}.${node}`, order, () => true);
  for (const { trial, attempt } of cancelled)
    if (attempt !== undefined) reach?.orders.cancel(trial, attempt, reason);
  return sortAnswers(await Promise.all(asked), cancelled.length);
}

/** Cancels the trials of one study that are not over. Null when there is no such study. */
export async function cancelStudy(
  ports: StopPorts,
  study: StudyId,
  who: string,
  why: string,
): Promise<Stopped | null> {
  const { store, turns } = ports;
  const view = store.state.studies.get(study);
  if (view === undefined) return null;
  const reason = `cancelled by ${who}: ${why}`;
  const stopped = await cancelAndAsk(ports, () => store.state.trialsOf(study), reason);
  // No pass looks at a study whose import is not complete: nobody else would end it.
  await turns.take(async () => {
    if (isImporting(view))
      await store.commit({ kind: "study-ended", study, why: `import given up, ${reason}`.slice(0, 500) });
  });
  return stopped;
}

/** Cancels one trial. Null when there is none, or it is over. */
export async function cancelTrial(
  ports: StopPorts,
  id: TrialId,
  who: string,
  why: string,
): Promise<Stopped | null> {
  const trial = ports.store.state.trials.get(id);
  if (trial === undefined) return null;
  const stopped = await cancelAndAsk(ports, () => [trial], `cancelled by ${who}: ${why}`);
  return stopped.cancelledTrials === 0 ? null : stopped;
}

async function cancelAndAsk(
  ports: StopPorts,
  trials: () => readonly TrialView[],
  whole: string,
): Promise<Stopped> {
  const reason = whole.slice(0, 300);
  return endAttempts(ports, await ports.turns.take(() => cancelTrials(ports, trials(), reason)), reason);
}

/** Ends the cells of attempts whose trials the journal has ended, and waits for their nodes' answers. */
export async function endAttempts(
  ports: StopPorts,
  cancelled: readonly { readonly trial: TrialView; readonly attempt: AttemptView | undefined }[],
  whole: string,
): Promise<Stopped> {
  const reason = whole.slice(0, 300);
  const orders = ports.reach()?.orders;
  const answers = await Promise.all(
    cancelled.map(async ({ trial, attempt }) =>
      attempt === undefined || orders === undefined
        ? []
        : [...(await orders.cancelAndAsk(trial, attempt, reason, ANSWER_MS))],
    ),
  );
  return sortAnswers(answers.flat(), cancelled.length);
}

/** Journals the cancels. @returns the trials, each with the attempt that was under way. */
async function cancelTrials({ store }: StopPorts, trials: readonly TrialView[], why: string) {
  const open = trials.filter((trial) => !isFinal(trial.state));
  const cancelled = open.map((trial) => ({
    trial,
    attempt: trial.state === "waiting" ? undefined : trial.attempts.at(-1),
  }));
  await Promise.all(open.map(({ trial }) => store.commit({ kind: "cancelled", trial, why })));
  return cancelled;
}

/** A node counts as stopped when every answer asked of it came. */
function sortAnswers(answers: readonly (readonly [NodeId, boolean])[], cancelledTrials: number): Stopped {
  const silent = new Set(answers.filter(([, done]) => !done).map(([node]) => node));
  const stopped = new Set(answers.map(([node]) => node).filter((node) => !silent.has(node)));
  return { stopped: [...stopped], silent: [...silent], cancelledTrials };
}
