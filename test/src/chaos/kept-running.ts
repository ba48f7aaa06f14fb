import type { LabProcess } from "../../../cli/dist/lab/lab-process.js";

const AGAIN_MS = 300;

/** A part of the lab that is started again when it ends, as a machine's own init does; not while it is held down. */
export class KeptRunning {
  readonly #start: () => Promise<LabProcess>;
  #held = 0;

  private constructor(start: () => Promise<LabProcess>) {
    this.#start = start;
  }

  /** Goes on until this process ends. */
  static of(first: LabProcess, again: () => Promise<LabProcess>): KeptRunning {
    const kept = new KeptRunning(again);
    void kept.#keep(first);
    return kept;
  }

  /** @returns what lets it start again */
  hold(): () => void {
    this.#held += 1;
    let held = true;
    return () => {
      if (held) this.#held -= 1;
      held = false;
    };
  }

  async #keep(first: LabProcess): Promise<void> {
    for (let process = first; ; process = await this.#start()) {
      await process.ended;
      do await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      while (this.#held > 0);
    }
  }
}
