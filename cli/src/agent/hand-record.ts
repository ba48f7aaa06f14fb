import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import type { LabNamespaces } from "../lab/lab-leftovers.ts";
import type { ChildEvent, EventOf } from "./child-event.ts";

/** What an agent by hand came to. */
export interface ByHandOutcome {
  readonly code: ExitCode;
  readonly agent: EventOf<"agent-ended"> | null;
  readonly used: EventOf<"used"> | null;
  /** Null where no cell came up. */
  readonly cell: EventOf<"gone"> | null;
  /** Processes that are still in its namespaces: none, or it is not sterile. */
  readonly left: readonly string[];
  readonly brain: string;
}

/** What the program that has the cell said, kept until its end. */
export class HandRecord {
  brain: string;
  namespaces: LabNamespaces | null = null;
  used: EventOf<"used"> | null = null;
  #agent: EventOf<"agent-ended"> | null = null;
  #cell: EventOf<"gone"> | null = null;
  #failure: string | null = null;

  constructor(brain: string) {
    this.brain = brain;
  }

  take(event: ChildEvent): void {
    if (event.event === "namespaces") this.namespaces = event;
    if (event.event === "brain") this.brain = event.label;
    if (event.event === "used") this.used = event;
    if (event.event === "agent-ended") this.#agent = event;
    if (event.event === "gone") this.#cell = event;
    if (event.event === "failed") this.#failure = event.text;
  }

  /**
   * @param end.left what is still in the namespaces after their init is gone.
   * @throws CliError where the agent did not come up, and all that was there is gone.
   */
  outcome(end: {
    readonly used: EventOf<"used"> | null;
    readonly left: readonly string[];
    readonly interrupted: boolean;
  }): ByHandOutcome {
    const { used, left, interrupted } = end;
    const cell = this.#cell;
    const sterile = left.length === 0 && cell?.clean !== false;
    if (sterile && !interrupted && this.#agent === null)
      throw new CliError(EXIT.unexpected, this.#failure ?? "the program that has the cell ended by itself");
    const failed = this.#agent?.how !== "exited" || this.#agent.code !== 0;
    const code = !sterile
      ? EXIT.notSterile
      : interrupted
        ? EXIT.interrupted
        : failed
          ? EXIT.unexpected
          : EXIT.done;
    return { code, agent: this.#agent, used, cell, left, brain: this.brain };
  }
}
