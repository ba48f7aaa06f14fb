import { everyUntil, type Logger } from "@redline/daemon";
import type { RunningPart, Registry } from "../attempts/registry.ts";
import type { CellDriver } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { partOfCell } from "../lifeline/attempt-cells.ts";
import { TICKS_PER_SECOND, type HostFacts } from "../observe/host-facts.ts";
import { byAttempt, endBeyondCap, type Counted } from "./caps.ts";
import { instancesOf, originalAgent } from "./instances.ts";
import { NodeEyes, type NodeLook } from "./look.ts";
import { Orphans } from "./orphans.ts";
import { Uncounted } from "./uncounted.ts";

export interface CensusOptions {
  readonly driver: Pick<CellDriver, "cells">;
  readonly registry: Registry;
  readonly log: NodeLog;
  readonly logger: Logger;
  readonly host: HostFacts;
  /** Between two looks; default 1000. */
  readonly everyMs?: number;
  /** Default that of the kernel's tables. */
  readonly eyes?: Pick<NodeEyes, "look">;
}

interface Known {
  readonly copies: number;
  readonly generation: number;
  readonly oldestTick: number | null;
  /** Looks in a row that found too many. */
  readonly over: number;
}
const NONE: Known = { copies: 0, generation: 1, oldestTick: null, over: 0 };
/** What comes again after each kill is ended with its cell. */
const MOST_TIMES_OVER = 3;

/**
 * Counts the live copies on this node from outside of cells and attempts: of each attempt, and whatever no attempt accounts for.
 * What is beyond an attempt's cap, or has no live attempt, is ended and is a breach.
 */
export class Census {
  readonly #options: CensusOptions;
  readonly #eyes: Pick<NodeEyes, "look">;
  readonly #orphans: Orphans;
  readonly #uncounted = new Uncounted();
  #known = new Map<RunningPart, Known>();

  constructor(options: CensusOptions) {
    this.#options = options;
    this.#eyes = options.eyes ?? new NodeEyes(options.host);
    this.#orphans = new Orphans(options);
  }

  /** Looks until the signal aborts; a look that fails is logged, and the next one comes. */
  run(signal: AbortSignal): Promise<void> {
    const { everyMs = 1000, logger } = this.#options;
    return everyUntil(
      signal,
      everyMs,
      () => this.look(),
      (error) => logger.error({ err: error }, "a census failed"),
    );
  }

  /** Live copies at the last look, over all attempts. */
  liveCopies(): number {
    return [...this.#known.values()].reduce((sum, { copies }) => sum + copies, 0);
  }

  /** When the oldest of them started, wall milliseconds; null without any. */
  oldestStartMs(): number | null {
    const ticks = [...this.#known.values()].flatMap(({ oldestTick }) => oldestTick ?? []);
    if (ticks.length === 0) return null;
    return this.#options.host.bootTimeMs + (Math.min(...ticks) * 1000) / TICKS_PER_SECOND;
  }

  async look(): Promise<void> {
    const { driver, registry } = this.#options;
    const cells = driver.cells();
    const parts = registry.all();
    const watched = cells.flatMap((cell) => {
      const part = partOfCell(cell, parts);
      // In teardown the cell goes, and its last count stands.
      return part === undefined || part.copiesSinceS === null || part.phase === "teardown"
        ? []
        : [{ cell, part, sinceTick: Math.floor(part.copiesSinceS * TICKS_PER_SECOND) }];
    });
    const look = await this.#eyes.look(watched.map(({ cell }) => cell));
    const counted = watched.map((one, i): Counted => {
      const { processes, partly } = look.cells[i] ?? { processes: [], partly: false };
      const { part, sinceTick } = one;
      const agent =
        part.device === "origin" && part.phase === "run" ? originalAgent(processes, sinceTick) : null;
      return { ...one, processes, partly, instances: instancesOf(processes, sinceTick, agent) };
    });
    await this.#take(counted);
    await this.#endUncounted(counted);
    await this.#checkOrphans(look);
  }

  async #take(counted: readonly Counted[]): Promise<void> {
    const known = new Map<RunningPart, Known>();
    for (const one of counted) {
      const { part, instances } = one;
      const before = this.#known.get(part) ?? NONE;
      known.set(part, {
        copies: instances.length,
        generation: part.generation,
        oldestTick: instances[0]?.startTick ?? null,
        over: before.over,
      });
    }
    const changed = counted.filter(({ part }) => {
      const [a, b] = [this.#known.get(part) ?? NONE, known.get(part) ?? NONE];
      return a.copies !== b.copies || a.generation !== b.generation;
    });
    this.#known = known;
    // Kills first: a record waits for the disk.
    for (const group of byAttempt(counted)) await this.#holdCap(group);
    for (const { part, instances } of changed)
      if (part.phase !== "teardown")
        await this.#options.log.write(
          {
            kind: "census",
            device: part.device,
            copies: instances.length,
            generation: Math.min(10, part.generation),
          },
          part.key,
        );
  }

  /** The cap is over all cells of the attempt on this node; what is over all nodes is the coordinator's to hold. */
  async #holdCap(group: readonly Counted[]): Promise<void> {
    const { log, logger } = this.#options;
    const killed = endBeyondCap(group);
    const over = killed === null ? 0 : Math.max(...group.map(({ part }) => this.#overOf(part))) + 1;
    for (const { part } of group) this.#known.set(part, { ...(this.#known.get(part) ?? NONE), over });
    const [first] = group;
    if (killed === null || first === undefined) return;
    const { key } = first.part;
    const again = over >= MOST_TIMES_OVER;
    if (again) await Promise.all(group.map(({ cell }) => cell.empty("over-cap")));
    const detail = `${killed.detail}${again ? `; over it for the ${over}th look, so its cells were emptied` : ""}`;
    logger.error({ trial: key.trial, attempt: key.attempt, killed: killed.processes }, detail);
    await log.write({ kind: "breach", breach: "over-cap", detail, killed: killed.processes }, key);
  }

  /** What cannot be counted is over the cap for all that anybody knows. */
  async #endUncounted(counted: readonly Counted[]): Promise<void> {
    const { log, logger } = this.#options;
    for (const { one, detail, emptied } of await this.#uncounted.end(counted)) {
      const { key } = one.part;
      logger.error({ trial: key.trial, attempt: key.attempt, killed: emptied ?? 0 }, detail);
      if (emptied !== null)
        await log.write({ kind: "breach", breach: "over-cap", detail, killed: emptied }, key);
    }
  }

  #overOf(part: RunningPart): number {
    return this.#known.get(part)?.over ?? 0;
  }

  async #checkOrphans(look: NodeLook): Promise<void> {
    const { log, logger } = this.#options;
    for (const { detail, killed } of await this.#orphans.end(look)) {
      logger.error({ killed }, detail);
      await log.write({ kind: "breach", breach: "orphan-copy", detail: detail.slice(0, 500), killed });
    }
  }
}
