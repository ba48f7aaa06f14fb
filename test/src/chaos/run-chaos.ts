import { fileURLToPath, pathToFileURL } from "node:url";
import { LAB_ADDRESS } from "../../../cli/dist/lab/lab-network.js";
import { runLabScript } from "../kit/lab-script.ts";
import { Workplace } from "../kit/redline.ts";
import { clocksDirOf } from "./chaos-lab.ts";
import { chaosEventSchema, type ChaosRun } from "./chaos-report.ts";
import { CHAOS_HOSTS, CHAOS_STUDY, LEASE_MS, PULSE_LIMIT_MS } from "./chaos-study.ts";
import { PROXY_PORT } from "./control-parts.ts";

const script = fileURLToPath(new URL("../../dist/chaos/in-chaos-lab.js", import.meta.url));
const clockShift = fileURLToPath(new URL("../../dist/chaos/clock-shift.js", import.meta.url));

export interface ChaosOptions {
  readonly seeds: readonly number[];
  /** In a lab with two coordinators. */
  readonly pair: boolean;
  /** Epoch ms after which no new run begins. */
  readonly until: number | null;
  readonly onLine?: (text: string) => void;
}

/**
 * Brings one lab up and plays the seeds in it until one differs; gives each run as it is over, the undisturbed one first. All that was started
 * ends with the generator; the state folder stays where a run differed, or the lab failed.
 * @throws Error with the lab's own word and where its state is, when the lab does not come up or does not end in order
 */
export async function* runChaos({
  seeds,
  pair,
  until,
  onLine,
}: ChaosOptions): AsyncGenerator<ChaosRun, void> {
  const place = new Workplace();
  let keep = true;
  try {
    const withClock = {
      NODE_OPTIONS: `--import=${pathToFileURL(clockShift).href}`,
      CHAOS_CLOCKS: clocksDirOf({ stateDir: place.state }),
    };
    const plan = {
      hosts: [...CHAOS_HOSTS],
      slots: 2,
      leaseMs: LEASE_MS,
      nodeSettings: {
        ...withClock,
        REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:${PROXY_PORT}`,
        REDLINE_PULSE_LIMIT_MS: String(PULSE_LIMIT_MS),
        REDLINE_CELL_HEARTBEAT_MS: "4500",
        REDLINE_STERILE_AGAIN_MS: "1000",
      },
      coordinatorSettings: {
        ...withClock,
        REDLINE_ACCEPT_MS: "8000",
        REDLINE_EVIDENCE_WAIT_MS: "10000",
        REDLINE_NODE_SILENT_MS: "6000",
      },
    };
    const lab = { place, script, readable: [clockShift], study: CHAOS_STUDY, plan, onLine };
    let differed = false;
    for await (const said of runLabScript({ ...lab, told: { pair, seeds, until } })) {
      const event = chaosEventSchema.parse(said);
      if (event.event === "done") break;
      differed ||= event.problems.length > 0;
      yield event;
    }
    keep = differed;
    if (keep) onLine?.(`state kept: ${place.state}`);
  } finally {
    if (!keep) await place[Symbol.asyncDispose]();
  }
}
