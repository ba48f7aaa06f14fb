import { hostname, userInfo } from "node:os";
import { pause } from "@redline/daemon";
import { terminalLine, type StudyId } from "@redline/shared";
import type { Context } from "../context.ts";
import type { CoordinatorHost } from "./coordinator-host.ts";

const STOP_WAIT_MS = 20_000;

/** Who gives an order, as the journal keeps it. */
export const orderedBy = () => `${userInfo().username}@${hostname()}`.slice(0, 100);

/** Asks the coordinator to end what runs. A coordinator that does not answer is not waited for: the lab's end does the same. */
export async function orderStop(
  host: CoordinatorHost,
  study: StudyId | null,
  { terminal }: Context,
): Promise<void> {
  const why = { who: orderedBy(), why: "interrupted" };
  try {
    const answer =
      host.lab !== null
        ? host.client.stop(why)
        : study === null
          ? Promise.resolve(null)
          : host.client.cancelStudy(study, why);
    const timer = new AbortController();
    const reply = await Promise.race([answer, pause(STOP_WAIT_MS, timer.signal).then(() => undefined)]);
    timer.abort();
    if (reply === undefined) terminal.err.line("the coordinator did not confirm the stop in time");
    else if (reply !== null && reply.silent.length > 0)
      terminal.err.line(`nodes that did not confirm the stop: ${terminalLine(reply.silent.join(", "))}`);
  } catch (error) {
    terminal.err.line(terminalLine(error instanceof Error ? error.message : String(error), 500));
  }
}
