import { connect } from "node:net";
import { RequestError, type NatsConnection } from "@nats-io/transport-node";
import { ask, pause } from "@redline/daemon";
import { doneReplySchema, faultSchema, subjects, type NodeId } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";

const EVERY_MS = 1000;
const ANSWER_MS = 2000;
const CONNECT_MS = 2000;

/**
 * What one question came to: `stands`; `ended`, with the target's own reason; `nobody`: the bus knows no such listener; `unknown`: no
 * answer, or the bus is away.
 */
export type WatchAnswer = "stands" | "nobody" | "unknown" | AttemptFault;

export interface WatchPorts {
  readonly to: NodeId;
  readonly ask: () => Promise<WatchAnswer>;
  /** Whether the target's end of the road takes no connections. */
  readonly refuses: () => Promise<boolean>;
  readonly tell: (fault: AttemptFault) => void;
  /** Between two questions, ms; a second by default. */
  readonly everyMs?: number;
}

/**
 * Asks the target's daemon every second whether its end of the attempt still stands, and tells when it does not. A daemon that only
 * lost its bus still holds its end of the road, and may come back before its lease runs out: it is dead where both are gone.
 * Connections are made for that alone, since each one shows in the target's cell.
 */
export async function watchTarget(
  { to, ask: question, refuses, tell, everyMs = EVERY_MS }: WatchPorts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const answer = await question();
    const gone = answer === "nobody" && (await refuses());
    if (isOver(signal)) return;
    if (answer instanceof AttemptFault || gone) {
      tell(
        answer instanceof AttemptFault
          ? answer
          : new AttemptFault("link-lost", `the daemon of ${to} is gone, and its end of the road with it`),
      );
      return;
    }
    await pause(everyMs, signal);
  }
}

/** The signal aborts between two looks at it. */
const isOver = (signal: AbortSignal) => signal.aborted;

/** One question, asked once. Never rejects. */
export async function askOnce(
  nc: NatsConnection,
  route: { readonly from: NodeId; readonly to: NodeId; readonly verb: "watch" },
  body: unknown,
  signal: AbortSignal,
): Promise<WatchAnswer> {
  const subject = subjects.peer(route.from, route.to, route.verb);
  try {
    const message = await ask(nc, { ...route, subject }, JSON.stringify(body), ANSWER_MS, signal);
    const reply = doneReplySchema.parse(message.json());
    if (reply.ok) return "stands";
    const fault = faultSchema.safeParse(reply.fault);
    return new AttemptFault(fault.success ? fault.data : "unexpected", `${route.to}: ${reply.why}`);
  } catch (error) {
    return error instanceof RequestError && error.isNoResponders() ? "nobody" : "unknown";
  }
}

/** Whether a connection there is refused outright; one that is made is cut at once. Never rejects. */
export function refusesConnections({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.setTimeout(CONNECT_MS, () => settle(false));
    socket.once("connect", () => settle(false));
    socket.once("error", (error) => settle("code" in error && error.code === "ECONNREFUSED"));
  });
}
