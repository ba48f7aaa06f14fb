import type { Cell } from "../cell/cell.ts";
import type { Relay } from "../cell/link-relay.ts";
import { AttemptFault } from "./attempt-fault.ts";

/**
 * How a cell ends when somebody in it ends its sshd. Nobody but the agent's side is in there, so that is the agent's
 * doing and no fault of the instrument: what came up is gone with it.
 */
const BY_THE_AGENT = "sshd";

/** What a run stands on, and what became of it. Listens until it is told to let go. */
export class Lifelines {
  /** Resolves at the first thing that ends. */
  readonly broken: Promise<void>;
  #fault: AttemptFault | null = null;
  #endedByAgent = false;
  #letGo = false;

  constructor(cell: Cell, relay: Relay | null) {
    const died = cell.died.then(({ reason }) => {
      if (this.#letGo) return;
      if (reason === BY_THE_AGENT) this.#endedByAgent = true;
      else this.#fault ??= new AttemptFault("cell-died", `the cell ended: ${reason}`);
    });
    const cut = relay?.ended.then(() => {
      if (!this.#letGo) this.#fault ??= new AttemptFault("link-lost", "the relay between the cells ended");
    });
    this.broken = Promise.race(cut === undefined ? [died] : [died, cut]);
  }

  /** The agent's side ended the cell it was in. */
  get endedByAgent(): boolean {
    return this.#endedByAgent;
  }

  /** @throws AttemptFault when something ended that the agent could not have ended. */
  throwIfBroken(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  /** What ends from now on is meant to. */
  letGo(): void {
    this.#letGo = true;
  }
}
