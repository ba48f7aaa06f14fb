import type { SterilityProof } from "@redline/shared";

/** What can be proved once more, and let go. */
export interface Provable {
  /** For people: which part of which attempt. */
  readonly name: string;
  /** @param walk false: without a walk over the file systems */
  again(walk?: boolean): Promise<SterilityProof>;
  release(): void;
}

/**
 * Parts of attempts whose last look found something, with their baselines and namespaces: a person may say that the node is clean
 * only after each was looked at again. Of this daemon's life; a part of an earlier one is gone with its baseline.
 */
export class FailedLooks<Part extends Provable> {
  readonly #parts = new Set<Part>();

  /** After every look at a part. */
  note(part: Part, { clean }: SterilityProof): void {
    if (clean) this.#parts.delete(part);
    else this.#parts.add(part);
  }

  /** Looks at each again, one after the other, but for the file systems. Those that are clean by now are let go. Never rejects. */
  async proveAgain(): Promise<readonly { readonly part: Part; readonly proof: SterilityProof }[]> {
    const looks = [];
    for (const part of [...this.#parts]) {
      const proof = await part.again(false).catch(failed);
      looks.push({ part, proof });
      if (proof.clean) this.#letGo(part);
    }
    return looks;
  }

  /** A person says that what is still there may stay. */
  forgive(parts: readonly Part[]): void {
    parts.forEach((part) => this.#letGo(part));
  }

  #letGo(part: Part): void {
    this.#parts.delete(part);
    part.release();
  }
}

const failed = (error: unknown): SterilityProof => ({
  clean: false,
  checks: [
    {
      ...{ check: "processes", clean: false, found: 1, why: "" },
      left: [`the look itself failed: ${String(error)}`.slice(0, 300)],
    },
  ],
  tookMs: 0,
});
