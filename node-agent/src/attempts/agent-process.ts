import { startOf } from "../census/read-members.ts";
import type { Cell } from "../cell/cell.ts";
import { membersOf } from "../cell/namespaces.ts";

interface Known {
  readonly pid: number;
  readonly startTick: number;
}

/**
 * The original's agent as a process of its cell, found and signalled from outside: nothing in the cell is asked, and nothing in there
 * can be in the way.
 */
export class AgentProcess {
  readonly #cell: Pick<Cell, "pidns">;
  readonly #before: ReadonlySet<string>;
  #found: Known | null = null;

  /** Right before the agent is started. */
  constructor(cell: Pick<Cell, "pidns">) {
    this.#cell = cell;
    this.#before = new Set(this.#living().map(nameOf));
  }

  /** Right after the agent was started, when nothing else can have come up: the oldest newcomer is it, and stays it. */
  find(): boolean {
    this.#found ??=
      this.#living()
        .filter((one) => !this.#before.has(nameOf(one)))
        .toSorted((a, b) => a.startTick - b.startTick || a.pid - b.pid)[0] ?? null;
    return this.#found !== null;
  }

  /** False when it is not there any more, or was never seen. */
  signal(name: "SIGTERM" | "SIGKILL"): boolean {
    const found = this.#found;
    // The look and the signal lie microseconds apart, too close for a number to come round.
    if (found === null || startOf(found.pid)?.startTick !== found.startTick) return false;
    try {
      return process.kill(found.pid, name);
    } catch {
      return false;
    }
  }

  #living(): Known[] {
    return membersOf({ pid: this.#cell.pidns }).flatMap(({ pid }) => {
      const start = startOf(pid);
      return start === null ? [] : [{ pid, startTick: start.startTick }];
    });
  }
}

const nameOf = ({ pid, startTick }: Known) => `${pid} ${startTick}`;
