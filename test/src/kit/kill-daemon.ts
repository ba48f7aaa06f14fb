import type { AttemptView, TrialView } from "@redline/shared";
import type { Workplace } from "./redline.ts";

/** Kills a lab host's node daemon; its host's init starts another one. @throws where there is none, or more than one. */
export function killDaemon(place: Workplace, node: string): void {
  const pids = place.pids(
    ({ cmdline, environ }) =>
      cmdline.includes("node-agent/dist/main.js") &&
      !cmdline.includes("bash") &&
      environ.includes(`REDLINE_NODE=${node} `),
  );
  const [pid] = pids;
  if (pid === undefined || pids.length > 1) throw new Error(`${pids.length} daemons of ${node}`);
  process.kill(pid, "SIGKILL");
}

/** The attempt of a study that is under way, with its observations so far. @throws while there is none. */
export function liveAttempt(place: Workplace): { trial: TrialView; attempt: AttemptView; kinds: string[] } {
  for (const trial of place.live().trials.values()) {
    const attempt = trial.attempts.at(-1);
    if (attempt === undefined || attempt.endedAt !== null) continue;
    const kinds = attempt.records.flatMap(({ body }) =>
      body.kind === "observation" ? [body.body.kind] : [],
    );
    return { trial, attempt, kinds };
  }
  throw new Error("no attempt is under way");
}
