import type { ProcessKey } from "@redline/shared";
import type { Stopper } from "./stopper.ts";
import { isSame, stateOf } from "./task-states.ts";

const idOf = ({ pid, startTick }: ProcessKey) => `${pid} ${startTick}`;

/**
 * Stops by signal. Any process of the same user can send the opposite one, so a freeze of this kind is worth what the
 * scheduler's count says of it afterwards. A process that somebody else had stopped before stays stopped at the end.
 */
export function sigstop(): Stopper {
  const ours = new Map<string, ProcessKey>();
  const resume = (key: ProcessKey) => {
    signal(key, "SIGCONT");
    ours.delete(idOf(key));
  };
  return {
    how: "sigstop",
    stop(key) {
      const state = stateOf(key);
      if (state !== "running") return state === "still";
      if (!signal(key, "SIGSTOP")) return false;
      ours.set(idOf(key), key);
      return true;
    },
    release: (key) => {
      if (ours.has(idOf(key))) resume(key);
    },
    restless: (keys) => keys.filter((key) => stateOf(key) === "running"),
    end() {
      for (const key of ours.values()) resume(key);
      return Promise.resolve();
    },
  };
}

/** The check and the signal lie microseconds apart, too close for a pid to come round. */
function signal(key: ProcessKey, name: "SIGSTOP" | "SIGCONT"): boolean {
  try {
    return isSame(key) && process.kill(key.pid, name);
  } catch {
    // Gone in between.
    return false;
  }
}
