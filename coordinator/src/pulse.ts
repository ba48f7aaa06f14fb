import type { NodeId, Projection, PulseOrder } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { hasLeft, nodesOf } from "./attempt-facts.ts";
import type { Dispatcher } from "./dispatcher.ts";

export interface PulsePorts {
  readonly state: Pick<Projection, "underWay">;
  readonly nodes: readonly NodeId[];
  readonly dispatcher: Pick<Dispatcher, "tell">;
  /** Whether the journal takes records. Without it the coordinator could not say what it let live on. */
  readonly writable: () => boolean;
  readonly log: Logger;
}

/** What the schema of the order allows. A node with more slots than that loses the oldest attempts' leases first. */
const MOST_LIVE = 1000;

/** The heartbeat to the nodes, and the lease of every attempt there. Reads the state in memory and nothing else. */
export class Pulse {
  readonly #ports: PulsePorts;
  #beat = 0;
  #held = false;

  constructor(ports: PulsePorts) {
    this.#ports = ports;
  }

  /** Beats at once and then every `everyMs` until the signal aborts, by a timer of its own: nothing that is waited for may hold a beat up. */
  start(everyMs: number, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.beat();
    const timer = setInterval(() => this.beat(), everyMs);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  /** One beat to each enrolled node, also where nothing runs; none while the journal cannot be written: then every cell ends. */
  beat(): void {
    const { nodes, dispatcher, writable, log } = this.#ports;
    const held = !writable();
    if (held !== this.#held)
      log[held ? "error" : "warn"](
        held
          ? "the journal takes no records: no pulses, so that the nodes end their cells"
          : "the journal takes records again; pulses go on",
      );
    this.#held = held;
    if (held) return;
    this.#beat += 1;
    const live = this.#live();
    for (const node of nodes) {
      const order = { verb: "pulse" as const, beat: this.#beat, live: live.get(node) ?? [] };
      try {
        dispatcher.tell(node, `pulse.${this.#beat}`, order);
      } catch (error) {
        log.error({ err: error, node }, "pulse could not be sent");
      }
    }
  }

  /** Attempts that may have a cell on a node: placed, not over, and not closed there. */
  #live(): Map<NodeId, PulseOrder["live"]> {
    const live = new Map<NodeId, PulseOrder["live"]>();
    for (const { trial, attempts } of this.#ports.state.underWay.values())
      for (const attempt of attempts) {
        if (attempt.endedAt !== null) continue;
        for (const node of nodesOf(attempt)) {
          if (hasLeft(attempt, node)) continue;
          const own = live.get(node) ?? [];
          live.set(node, own);
          own.push({ trial, attempt: attempt.attempt });
          if (own.length > MOST_LIVE) own.shift();
        }
      }
    return live;
  }
}
