import { BrainError } from "../brains/brain-error.ts";
import type { AskSelf } from "../brains/self/self-brain.ts";

interface Way {
  readonly ask: AskSelf;
  /** Whether who would answer is the original itself; throws where that cannot be seen. */
  readonly itself: () => boolean;
}

/** The way to a model server in a cell that is not up yet: a brain is opened before its cell is. */
export class WayToOriginal {
  #way: Way | null = null;

  /** Looked at before and after: what another answers, whom the cell's agent put there, is no answer of the brain. */
  readonly ask: AskSelf = async (...question) => {
    if (this.#way === null) throw new Error("the cell is not up yet");
    const { ask, itself } = this.#way;
    mustBe(itself());
    const answer = await ask(...question);
    mustBe(itself());
    return answer;
  };

  lead(ask: AskSelf, itself: () => boolean): void {
    this.#way = { ask, itself };
  }
}

function mustBe(itself: boolean): void {
  if (!itself)
    throw new BrainError("replaced", "the original's model server does not listen at its port any more");
}
