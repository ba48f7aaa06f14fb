import { sameProcess, sshdOf, type ProcessRow, type Snapshot } from "@redline/shared";

/** The processes that carry a cell and its way in, by what the baseline showed: an sshd that the agent started is not one. */
export class Harness {
  readonly #initPid: number;
  /** By the executable of the sshd that the baseline shows: a name alone is easily taken. */
  #isSshd: (row: Pick<ProcessRow, "exe">) => boolean = () => false;
  #known: readonly ProcessRow[] = [];

  constructor(initPid: number) {
    this.#initPid = initPid;
  }

  /** @param snapshot before the agent's first turn */
  learn(snapshot: Snapshot): void {
    this.#isSshd = sshdOf(snapshot);
    this.#known = snapshot.processes.filter((p) => p.pid === this.#initPid || this.#isSshd(p));
  }

  has(row: ProcessRow): boolean {
    return this.#known.some((known) => sameProcess(known, row));
  }

  /** A session of the cell's sshd, not the one that listens. */
  isSession(row: ProcessRow): boolean {
    return this.#isSshd(row) && row.ppid !== this.#initPid;
  }
}
