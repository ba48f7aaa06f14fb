import type {
  AttemptKey,
  CopyRef,
  Device,
  Evidence,
  Moment,
  Observation,
  ObservationBody,
  Probe,
} from "@redline/shared";
import type { NodeLog } from "../journal/node-log.ts";

/** An answer of 2 KiB may take 12 KiB as JSON, and a record must fit in one message of 1 MB. */
const PROBES_A_RECORD = 30;

/** What one watch saw: written to the node's journal, and kept, because its next steps are chosen by the same evidence. */
export class WatchRecord {
  readonly #log: NodeLog;
  readonly #key: AttemptKey;
  readonly #generation: number;
  readonly #seen: Observation[] = [];

  constructor(log: NodeLog, key: AttemptKey, generation: number) {
    this.#log = log;
    this.#key = key;
    this.#generation = generation;
  }

  async observe(body: ObservationBody): Promise<void> {
    const device: Device = "target";
    const generation = this.#generation;
    const seq = await this.#log.write(
      { kind: "observation", device, ...(generation === 1 ? {} : { generation }), body },
      this.#key,
    );
    // The node's own name plays no part in finding candidates.
    this.#seen.push({ node: this.#log.node, seq, at: "", device, generation, body });
  }

  untested(claim: string, why: string): Promise<void> {
    return this.observe({ kind: "untested", claim, why: why.slice(0, 500) });
  }

  /** Answers, in as many records as they need. */
  async probes(moment: Moment, probes: readonly Probe[], copy?: CopyRef): Promise<void> {
    for (let i = 0; i < probes.length; i += PROBES_A_RECORD)
      await this.observe({
        kind: "probes",
        moment,
        ...(copy === undefined ? {} : { copy }),
        probes: probes.slice(i, i + PROBES_A_RECORD),
      });
  }

  /** What was recorded, and what may yet be. */
  evidence(...more: ObservationBody[]): Evidence {
    const generation = this.#generation;
    const at = { node: this.#log.node, seq: 0, at: "", device: "target", generation } as const;
    return { observations: [...this.#seen, ...more.map((body) => ({ ...at, body }))], runEnd: null };
  }
}
