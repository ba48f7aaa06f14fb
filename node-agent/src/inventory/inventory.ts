import type { Inventory } from "@redline/shared";
import type { Registry } from "../attempts/registry.ts";
import type { Settings } from "../settings.ts";
import { readMachine, type Machine } from "./machine.ts";
import { SpecimenStore } from "./specimen-store.ts";

export interface InventoryOptions {
  readonly settings: Settings;
  readonly registry: Registry;
  readonly bootId: string;
  readonly instance: string;
  readonly version: string;
  /** Name of the driver that makes this node's cells. */
  readonly driver: string;
  readonly selfTest: () => Inventory["selfTest"];
  /** Why this node takes no work, or null. */
  readonly quarantined: () => string | null;
  /** Live copies by the census. */
  readonly liveCopies: () => number;
  /** Versions by name. */
  readonly tools: Readonly<Record<string, string>>;
}

export interface NodeInventory {
  readonly specimens: SpecimenStore;
  /** Looks through the specimen folders again; unusable ones are named to `onProblem`. */
  refreshSpecimens(onProblem: (text: string) => void): Promise<void>;
  read(draining: boolean): Promise<Inventory>;
}

const PROTOCOLS = [1];
const MACHINE_EVERY_MS = 15_000;

/** What this node says of itself. */
export function createInventory(options: InventoryOptions): NodeInventory {
  const { settings, registry, bootId, instance, version, tools } = options;
  const specimens = new SpecimenStore(settings.REDLINE_SPECIMEN_DIRS);
  const machine = cachedMachine();
  return {
    specimens,
    refreshSpecimens: (onProblem) => specimens.refresh(onProblem),
    async read(draining) {
      const { cpus, memoryMiB, kernel, gpus } = await machine();
      return {
        v: 1,
        node: settings.REDLINE_NODE,
        bootId,
        instance,
        version,
        protocols: PROTOCOLS,
        ...stateOf(draining, options.quarantined()),
        labels: settings.REDLINE_LABELS,
        slots: registry.slots,
        slotsInUse: registry.inUse,
        liveCopies: options.liveCopies(),
        cpus,
        memoryMiB,
        gpus,
        specimens: specimens.list().map(({ name, sha256 }) => ({ name, sha256 })),
        kernel,
        tools,
        driver: options.driver,
        selfTest: options.selfTest(),
      };
    },
  };
}

function stateOf(draining: boolean, quarantined: string | null): Pick<Inventory, "state" | "reason"> {
  if (quarantined !== null) return { state: "quarantined", reason: quarantined };
  if (draining) return { state: "draining", reason: "the daemon was told to end" };
  return { state: "ready", reason: "" };
}

/**
 * The last known facts at once, read anew in the background when old: leases travel with the inventory and
 * must not wait for a hung GPU driver. Only the first call waits.
 */
function cachedMachine(): () => Promise<Machine> {
  let known: Machine | null = null;
  let readAt = 0;
  const refresh = async () => {
    readAt = performance.now();
    return (known = await readMachine());
  };
  return async () => {
    if (known === null) return refresh();
    // A failed refresh leaves the facts as they were; the next call tries again in its turn.
    if (performance.now() - readAt > MACHINE_EVERY_MS) void refresh().catch(() => undefined);
    return known;
  };
}
