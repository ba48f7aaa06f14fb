import type { Cell } from "../cell/cell.ts";
import { membersOf } from "../cell/namespaces.ts";
import { readLink, readProc } from "../observe/proc-file.ts";
import { parseStat } from "../observe/proc-stat.ts";

/**
 * What came of asking a cell for a new session. `turned-away`: its side answered and ended it, or showed another key; a process of the
 * cell did that. `silent`: no answer, which alone says nothing of why.
 */
export type Knock = "taken" | "turned-away" | "silent";

interface Sshd {
  readonly pid: number;
  readonly startTick: number;
  /** Limits, place in the scheduler, and CPUs, as text. */
  readonly setting: string;
}

const SSHD = /\/sshd(-session|-auth)?( \(deleted\))?$/;
const STOPPED = new Set(["T", "t"]);
const DEAD = new Set(["Z", "X"]);
/** The daemon has a handful; sshd turns away from 64 on. */
const CROWD = 48;
const EVERY_MS = 100;

/**
 * A cell's way in, looked at from outside. All in the cell runs as one user, sshd too: whatever stands still, is crowded or throttled
 * there, only the agent's side can have done it, and a lost channel is then no fault of the instrument.
 */
export class CellDoor {
  readonly #cell: Pick<Cell, "initPid" | "pidns" | "limitsHit">;
  readonly #listener: Sshd | null;
  readonly #hitsBefore: Promise<Readonly<Record<string, number>>>;

  /** Right before the agent is started: nothing in the cell is the agent's yet. */
  constructor(cell: Pick<Cell, "initPid" | "pidns" | "limitsHit">) {
    this.#cell = cell;
    const found = this.#sshds().find(({ ppid }) => ppid === cell.initPid);
    this.#listener = found === undefined ? null : { ...found, setting: settingOf(found.pid) };
    this.#hitsBefore = cell.limitsHit().catch(() => ({}));
  }

  /** What the agent's side does to the way in at this moment; null where nothing shows. */
  look(): string | null {
    const listener = this.#listener;
    const sshds = this.#sshds();
    if (listener !== null) {
      const now = sshds.find(
        ({ pid, startTick }) => pid === listener.pid && startTick === listener.startTick,
      );
      if (now === undefined) return "the cell's sshd was ended";
      if (settingOf(now.pid) !== listener.setting) return "the cell's sshd was throttled";
    }
    if (sshds.some(({ state }) => STOPPED.has(state))) return "the cell's sshd was made to stand still";
    return sshds.length > CROWD ? `the cell's sshd was crowded by ${sshds.length} sessions` : null;
  }

  /**
   * For a channel that was lost while the cell lives: what the agent's side did to it; null where nothing shows that it did anything.
   * @param knock asks for a new session. Meanwhile the door is looked at, since what is stopped may be let go for a moment.
   */
  async endedBy(knock: () => Promise<Knock>): Promise<string | null> {
    let seen = this.look();
    const timer = setInterval(() => (seen ??= this.look()), EVERY_MS);
    let came: Knock;
    try {
      came = await knock();
    } finally {
      clearInterval(timer);
    }
    seen ??= this.look();
    if (seen !== null) return seen;
    if (came === "taken") return "the session's process was ended in the cell, which takes new ones";
    if (came === "turned-away") return "the cell's side ended a new session too";
    const [before, now] = await Promise.all([this.#hitsBefore, this.#cell.limitsHit().catch(() => ({}))]);
    const hit = Object.entries(now).find(([name, count]) => count > (before[name] ?? 0));
    return hit === undefined ? null : `the cell was at its limit of ${hit[0]}`;
  }

  #sshds() {
    return membersOf({ pid: this.#cell.pidns }).flatMap(({ pid }) => {
      if (!SSHD.test(readLink(`/proc/${pid}/exe`) ?? "")) return [];
      const bytes = readProc(`/proc/${pid}/stat`, 4096);
      const stat = bytes === null ? null : parseStat(bytes);
      return stat === null || DEAD.has(stat.state) ? [] : [{ pid, ...stat }];
    });
  }
}

/** What a process of the same user can change of another: limits (prlimit), nice and policy (fields 19, 40, 41), CPUs. */
function settingOf(pid: number): string {
  const stat = readProc(`/proc/${pid}/stat`, 4096)?.toString("latin1") ?? "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const limits = readProc(`/proc/${pid}/limits`, 8192)?.toString("latin1") ?? "";
  const status = readProc(`/proc/${pid}/status`, 16_384)?.toString("latin1") ?? "";
  const cpus = /^Cpus_allowed:.*$/m.exec(status)?.[0] ?? "";
  return [fields[16], fields[37], fields[38], cpus, limits].join("\n");
}
