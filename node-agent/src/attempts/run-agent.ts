import { runEndSchema, type RunEnd, type Specimen } from "@redline/shared";
import { pause } from "@redline/daemon";
import type { BrainBroker } from "../brains/broker.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { SshStream } from "../ssh/stream.ts";
import { agentCommand } from "./agent-command.ts";
import type { AgentProcess } from "./agent-process.ts";
import { AttemptFault } from "./attempt-fault.ts";
import type { PartContext } from "./device-part.ts";
import type { Lifelines } from "./lifelines.ts";
import { RunClock } from "./run-clock.ts";
import { RunStop } from "./run-stop.ts";
import { takeEvents, type Told } from "./take-events.ts";
import { END_OF, usedUp, watchLimits } from "./watch-limits.ts";

const DEATH_NOTICE_MS = 1500;

/** What the agent's run stands on. */
export interface AgentRun {
  readonly session: Pick<SshSession, "stream">;
  readonly specimen: Pick<Specimen, "agent" | "ports">;
  readonly broker: Pick<BrainBroker, "counts">;
  readonly lifelines: Pick<Lifelines, "broken" | "endedByAgent" | "throwIfBroken">;
  /** Of the agent, from outside. */
  readonly process: Pick<AgentProcess, "find" | "signal">;
  /** When the stop that the scenario's notice told of is due, by the given clock; null while none was given. */
  readonly stopDueMs: () => number | null;
  /** Told once the run's time begins. */
  readonly onClock: (clock: RunClock) => void;
  /** For a channel that was lost while the cell lives: what the agent did to it, for people; null where nothing shows that it did. */
  readonly endedItsChannel: () => Promise<string | null>;
  /** The brain is the original's own model server, and that one does not serve any more. */
  readonly endedItsBrain: () => boolean;
}

type Context = Pick<PartContext, "order" | "log" | "signal">;

/**
 * Starts the agent over SSH, takes in its events as they come and ends it at a limit. Records each event and the run's end. Only
 * what breaks the instrument (lost SSH, a brain nobody reaches, one that became another) throws.
 */
export async function runAgent(context: Context, run: AgentRun): Promise<void> {
  const { order, signal, log } = context;
  const { session, broker, lifelines } = run;
  const stop = new RunStop();
  const counts = () => broker.counts;
  const clock = new RunClock(counts);
  run.onClock(clock);
  const stream = await session.stream(agentCommand(run.specimen, order), { signal });
  run.process.find();
  // By a road of its own as well: sshd, which carries the other, is a process of the cell.
  const end = () => {
    run.process.signal("SIGKILL");
    stream.kill();
  };
  stop.signal.addEventListener("abort", end, { once: true });
  void lifelines.broken.then(() => stream.kill());
  const told: Told = { turns: 0, reason: null, word: "", events: 0 };
  {
    const { stopDueMs } = run;
    using _limits = watchLimits({ limits: order.limits, counts, clock, stopDueMs, stop });
    const over = () => signal.aborted || stop.why !== null;
    const flood = await takeEvents(context, stream.stdout, told, over);
    if (flood !== "") stop.because("output-limit", flood);
    // What goes on without its channel would go on without its limits.
    if ((await stream.done).end === "lost") run.process.signal("SIGKILL");
  }
  const { end: why, detail } = await howItEnded(context, run, { stop, stream, told });
  await log.write(
    {
      kind: "run-ended",
      end: runEndSchema.parse(why),
      detail,
      turns: told.turns,
      tokens: counts().promptTokens + counts().completionTokens,
    },
    order.key,
  );
}

/** @throws AttemptFault where what ended the run says nothing of the agent. */
async function howItEnded(
  { order, signal }: Context,
  { broker, lifelines, endedItsChannel, endedItsBrain }: AgentRun,
  { stop, stream, told }: { readonly stop: RunStop; readonly stream: SshStream; readonly told: Told },
): Promise<{ readonly end: RunEnd; readonly detail: string }> {
  const ended = await stream.done;
  signal.throwIfAborted();
  // A cell that dies takes the channel with it; its own end is told a moment later.
  if (ended.end === "lost") await Promise.race([lifelines.broken, pause(DEATH_NOTICE_MS, signal)]);
  lifelines.throwIfBroken();
  const { counts } = broker;
  const { over, changedModel } = counts;
  if (changedModel !== null)
    throw new AttemptFault(
      "brain-changed",
      `it answered as ${JSON.stringify(changedModel.to)}, and as ${JSON.stringify(changedModel.from)} at first`,
    );
  const lost = stop.why === null && !lifelines.endedByAgent && ended.end === "lost";
  // Never judged by what the cell answers alone: its sshd is a process that the agent may stop.
  const byAgent = lost ? await endedItsChannel() : "";
  if (byAgent === null) throw new AttemptFault("ssh-failed", "the agent's channel was lost");
  const itself = told.reason === "finished" || told.reason === "answered";
  // An agent whose brain could not be reached was not measured, whatever ended its run; nor was one whose brain never answered
  // anything that could be read (a page of another server). What becomes of a question that is refused later is the agent's. So is a
  // task that is too long for its model, and a brain that the agent itself has ended.
  const never = counts.answered === 0 && counts.failed > 0 && over === null;
  const away = counts.unreachable || never;
  const ownDoing = away && endedItsBrain();
  if (!itself && away && !ownDoing)
    throw new AttemptFault(
      "brain-unreachable",
      `${counts.answered} of ${counts.requests} questions to the brain were answered; the last one was not`,
    );
  const as = (end: RunEnd, detail = "") => ({ end, detail: (byAgent || detail).slice(0, 500) });
  if (lifelines.endedByAgent) return as("ended-its-cell");
  if (stop.why !== null) return as(stop.why.end, stop.why.detail);
  if (told.reason !== null && itself) return as(told.reason);
  if (over !== null) return as(END_OF[over], usedUp(counts, order.limits));
  const brainGone = ownDoing ? "the original's own model server, its brain, had ended" : "";
  if (told.reason !== null)
    return as(told.reason, brainGone || (told.word === "bad_answers" ? "bad_answers" : ""));
  const status = String(ended.code ?? ended.signal ?? "unknown");
  return as(
    "agent-crashed",
    `exit ${status}: ${stream.stderrTail().slice(-300)}${brainGone && `; ${brainGone}`}`,
  );
}
