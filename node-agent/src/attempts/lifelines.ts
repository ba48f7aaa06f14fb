import type { Cell, EmptiedFor } from "../cell/cell.ts";
import type { Relay } from "../cell/link-relay.ts";
import { AttemptFault } from "./attempt-fault.ts";

/**
 * How a cell ends by what is done in it: its sshd is ended, or it takes so much, or so many copies come up again and again, that the
 * daemon ends it. Nobody but the agent's side is in there, so that is the agent's doing and no fault of the instrument: what
 * came up is gone with it.
 */
const BY_THE_AGENT: ReadonlySet<string> = new Set<"sshd" | EmptiedFor>(["sshd", "limit", "over-cap"]);

/** The end of a cell is told a moment after its processes are gone. */
const NOTICE_MS = 2000;

/** What an attempt stands on, and what became of it: the cell to the last look, the road until it is cut on purpose. */
export class Lifelines {
  /** Resolves at the first thing that ends. */
  readonly broken: Promise<void>;
  #fault: AttemptFault | null = null;
  #tell: (fault: AttemptFault) => void = () => undefined;
  #endedByAgent = false;
  #roadIsCut = false;
  #letGo = false;

  constructor(cell: Pick<Cell, "died">, relay: Pick<Relay, "ended"> | null) {
    const died = cell.died.then(({ reason }) => {
      if (this.#letGo) return;
      if (BY_THE_AGENT.has(reason)) this.#endedByAgent = true;
      else this.#break(new AttemptFault("cell-died", `the cell ended: ${reason}`));
    });
    const cut = relay?.ended.then(() => {
      if (!this.#letGo && !this.#roadIsCut)
        this.#break(new AttemptFault("link-lost", "the relay between the cells ended"));
    });
    this.broken = Promise.race(cut === undefined ? [died] : [died, cut]);
  }

  /** Calls `tell` as soon as something ends that the agent could not have ended; at once where that has happened. */
  whenBroken(tell: (fault: AttemptFault) => void): void {
    this.#tell = tell;
    if (this.#fault !== null) tell(this.#fault);
  }

  /** The agent's side ended the cell it was in. */
  get endedByAgent(): boolean {
    return this.#endedByAgent;
  }

  /** @throws AttemptFault when something ended that the agent could not have ended. */
  throwIfBroken(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  /**
   * For a cell that is found empty: an empty cell is evidence only when the agent's side emptied it.
   * @throws AttemptFault cell-died otherwise.
   */
  async explainEmptyCell(wait: (ms: number) => Promise<void>): Promise<void> {
    await Promise.race([this.broken, wait(NOTICE_MS)]);
    this.throwIfBroken();
    if (!this.#endedByAgent) throw new AttemptFault("cell-died", "the cell's init is gone");
  }

  /** The road is about to be cut on purpose. */
  cutRoad(): void {
    this.#roadIsCut = true;
  }

  /** What ends from now on is meant to. */
  letGo(): void {
    this.#letGo = true;
  }

  #break(fault: AttemptFault): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#tell(fault);
  }
}
