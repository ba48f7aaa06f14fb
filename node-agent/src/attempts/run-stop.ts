import type { RunEnd } from "@redline/shared";

/** The daemon's word that the agent's run is over. The first reason stands. */
export class RunStop {
  readonly #ending = new AbortController();
  #why: { readonly end: RunEnd; readonly detail: string } | null = null;

  /** Aborts with the first reason. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Null while the run goes on, or when it ended without the daemon. */
  get why(): { readonly end: RunEnd; readonly detail: string } | null {
    return this.#why;
  }

  because(end: RunEnd, detail = ""): void {
    if (this.#why !== null) return;
    this.#why = { end, detail };
    this.#ending.abort();
  }
}
