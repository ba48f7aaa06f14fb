import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CellProof } from "@redline/shared";
import type { BwrapCell } from "../cell/bwrap-cell.ts";
import type { Cell, CellDeath, Drops, EmptiedFor, LinkChange, LinkState } from "../cell/cell.ts";
import type { Engine } from "./engine.ts";

export interface ContainerCellParts {
  /** Namespaces, link, guard, limits and files: the same as of every cell. */
  readonly inner: BwrapCell;
  readonly engine: Engine;
  readonly container: string;
  readonly onRemoved: () => void;
}

/** An engine that takes longer does not do it. */
const REMOVAL_MS = 10_000;

/** A cell that an engine started: what any cell is, and the engine's own book-keeping, which must be gone as well. */
export class ContainerCell implements Cell {
  readonly id: string;
  readonly initPid: number;
  readonly netns: string;
  readonly pidns: string;
  readonly address: string;
  readonly sshPort: number;
  readonly hostKey: string;
  readonly hostAddress: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly died: Promise<CellDeath>;
  readonly #parts: ContainerCellParts;
  #removal: Promise<CellProof> | undefined;

  constructor(parts: ContainerCellParts) {
    const { inner } = parts;
    this.#parts = parts;
    this.id = inner.id;
    this.initPid = inner.initPid;
    this.netns = inner.netns;
    this.pidns = inner.pidns;
    this.address = inner.address;
    this.sshPort = inner.sshPort;
    this.hostKey = inner.hostKey;
    this.hostAddress = inner.hostAddress;
    this.facts = inner.facts;
    this.died = inner.died;
    // The engine's client is not init's parent: without it, init has no heartbeat and ends, but not at once.
    void this.died.then(() => (this.#removal === undefined ? inner.empty() : undefined));
  }

  drops(): Promise<Drops> {
    return this.#parts.inner.drops();
  }

  limitsHit(): Promise<Readonly<Record<string, number>>> {
    return this.#parts.inner.limitsHit();
  }

  log(): string {
    return this.#parts.inner.log();
  }

  setLink(state: LinkState): Promise<LinkChange> {
    return this.#parts.inner.setLink(state);
  }

  empty(reason?: EmptiedFor): Promise<number | null> {
    return this.#parts.inner.empty(reason);
  }

  destroy(): Promise<CellProof> {
    this.#removal ??= this.#destroy();
    return this.#removal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  async #destroy(): Promise<CellProof> {
    const { inner, engine, container, onRemoved } = this.#parts;
    const proof = await withEngine(await inner.destroy(), engine, container);
    if (proof.clean) onRemoved();
    return proof;
  }
}

/** An engine's own `--rm` may be at it: then it refuses a second removal, and goes on with the first. */
async function removed(engine: Engine, container: string): Promise<boolean> {
  const started = performance.now();
  for (let pauseMs = 20; performance.now() - started < REMOVAL_MS; pauseMs *= 2) {
    await engine.remove(container);
    if (!(await engine.ours()).some(({ name }) => name === container)) return true;
    await delay(pauseMs);
  }
  return false;
}

/** Removes the container and its root folder, and adds to the proof what the engine still has of it. Never rejects. */
export async function withEngine(proof: CellProof, engine: Engine, container: string): Promise<CellProof> {
  const started = performance.now();
  const left: string[] = [];
  let mounts = 0;
  try {
    const before = (await engine.ours()).find(({ name }) => name === container);
    if (!(await removed(engine, container))) left.push(`container ${container}`);
    const table = before === undefined ? "" : await readFile("/proc/self/mountinfo", "utf8");
    const points = table.split("\n").filter((line) => line.includes(before?.id ?? " "));
    mounts = points.length;
    left.push(...points.map((line) => `mount ${line.split(" ")[4] ?? ""}`));
  } catch (error) {
    left.push(`removal: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {
    ...proof,
    clean: proof.clean && left.length === 0,
    mounts: proof.mounts + mounts,
    tookMs: proof.tookMs + Math.round(performance.now() - started),
    left: [...proof.left, ...left].slice(0, 20).map((text) => text.slice(0, 300)),
  };
}
