import type { AskSelf } from "../brains/self/self-brain.ts";

/** The way to a model server in a cell that is not up yet: a brain is opened before its cell is. */
export class WayToOriginal {
  #ask: AskSelf | null = null;

  readonly ask: AskSelf = (...question) =>
    this.#ask === null ? Promise.reject(new Error("the cell is not up yet")) : this.#ask(...question);

  lead(ask: AskSelf): void {
    this.#ask = ask;
  }
}
