import type { Specimen } from "@redline/shared";
import type { Instruments } from "../challenge/instruments.ts";
import type { Cell } from "../cell/cell.ts";

const LIMIT_MS = 5000;

/** Messages of an operator to the original's agent, over its own API. */
export class AgentLine {
  readonly #instruments: Pick<Instruments, "call">;
  readonly #port: number;
  readonly #signal: AbortSignal;
  #cell: Cell | null = null;

  constructor(
    instruments: Pick<Instruments, "call">,
    { ports }: Pick<Specimen, "ports">,
    signal: AbortSignal,
  ) {
    this.#instruments = instruments;
    this.#port = ports.agent;
    this.#signal = signal;
  }

  /** While the agent runs in this cell; null: it does not. */
  lead(cell: Cell | null): void {
    this.#cell = cell;
  }

  /** Whether an agent runs that could hear. */
  readonly open = (): boolean => this.#cell !== null;

  /** Rejects where the agent did not take it, within some seconds. */
  readonly deliver = async (text: string): Promise<void> => {
    if (this.#cell === null) throw new Error("the agent does not run now");
    const port = { port: this.#port, addresses: ["127.0.0.1"] };
    const call = { port, path: "/message", json: { text }, timeoutMs: LIMIT_MS };
    const { status, error } = await this.#instruments.call(this.#cell, call, this.#signal);
    if (status < 200 || status > 299) throw new Error(error === "" ? `HTTP status ${status}` : error);
  };
}
