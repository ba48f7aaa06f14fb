import type { CellProof } from "@redline/shared";
import type { BwrapProcess } from "./bwrap-process.ts";
import { CellError } from "./cell-error.ts";
import type { Cell, CellDeath, Drops, EmptiedFor, LinkChange, LinkState } from "./cell.ts";
import { CELL } from "./cell-layout.ts";
import type { CellTools } from "./cell-tools.ts";
import type { HeldLimits } from "../limits/hold-limits.ts";
import { NO_DROPS } from "./guard-counts.ts";
import { readDrops } from "./guard-link.ts";
import type { LinkPlan } from "./link-plan.ts";
import { linkQuery, linkSetting, parseLinkState } from "./link-state.ts";
import { emptyNamespaces, killMember, type HeldNamespaces } from "./namespaces.ts";
import { removeCell } from "./removal.ts";
import { needTool } from "./run-tool.ts";

export interface BwrapCellParts {
  readonly id: string;
  readonly plan: LinkPlan;
  readonly tools: CellTools;
  readonly process: Pick<BwrapProcess, "died" | "log" | "release" | "kill">;
  readonly initPid: number;
  readonly held: Pick<HeldNamespaces, "ids"> & Disposable;
  readonly limits: Pick<HeldLimits, "hits" | "remove">;
  readonly hostKey: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly stateDir: string;
  /** Called once the slot is free again. */
  readonly onRemoved: () => void;
}

/** A cell that is up, or was. */
export class BwrapCell implements Cell {
  readonly id: string;
  readonly initPid: number;
  readonly netns: string;
  readonly pidns: string;
  readonly address: string;
  readonly sshPort = CELL.sshPort;
  readonly hostKey: string;
  readonly hostAddress: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly died: Promise<CellDeath>;
  readonly #parts: BwrapCellParts;
  #removal: Promise<CellProof> | undefined;
  #gone = false;
  #lastDrops: Drops = NO_DROPS;

  constructor(parts: BwrapCellParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.initPid = parts.initPid;
    this.netns = parts.held.ids.net ?? "";
    this.pidns = parts.held.ids.pid ?? "";
    this.address = parts.plan.cellAddress;
    this.hostAddress = parts.plan.hostAddress;
    this.hostKey = parts.hostKey;
    this.facts = parts.facts;
    this.died = parts.process.died;
  }

  async drops(): Promise<Drops> {
    if (this.#removal !== undefined) return this.#lastDrops;
    const { tools, plan } = this.#parts;
    this.#lastDrops = await readDrops(tools, plan);
    return this.#lastDrops;
  }

  limitsHit(): Promise<Readonly<Record<string, number>>> {
    return Promise.resolve(this.#parts.limits.hits());
  }

  log(): string {
    return this.#parts.process.log();
  }

  async setLink(state: LinkState): Promise<LinkChange> {
    // The slot's next cell has a link of the same name.
    if (this.#removal !== undefined) throw new CellError("tool", `${this.id} is being removed`);
    const { tools, plan } = this.#parts;
    const started = performance.now();
    await needTool(tools.ip, linkSetting(plan, state));
    const tookMs = performance.now() - started;
    const verified = parseLinkState(await needTool(tools.ip, linkQuery(plan))) === state;
    return { verified, tookMs };
  }

  async empty(reason?: EmptiedFor): Promise<number | null> {
    if (this.#gone) return 0;
    const { process, initPid, held } = this.#parts;
    // With init the kernel ends all of its namespace; what entered only some of the namespaces is looked for.
    killMember(initPid, held.ids);
    process.release(reason);
    return emptyNamespaces(held.ids);
  }

  destroy(): Promise<CellProof> {
    this.#removal ??= this.#destroy();
    return this.#removal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  async #destroy(): Promise<CellProof> {
    const { tools, plan, process, initPid, held, limits, stateDir, onRemoved } = this.#parts;
    // init first and by itself: then bubblewrap reaps it and ends, and nobody inherits a zombie.
    process.release();
    killMember(initPid, held.ids);
    this.#lastDrops = await readDrops(tools, plan).catch(() => this.#lastDrops);
    const removed = await removeCell(tools, { plan, ids: held.ids, stateDir });
    process.kill();
    const groups = await limits.remove();
    const proof = {
      ...removed,
      clean: removed.clean && groups.length === 0,
      left: [...removed.left, ...groups],
    };
    // What could not be proved gone stays held: its namespaces' numbers must not become another cell's.
    if (!proof.clean) return proof;
    this.#gone = true;
    held[Symbol.dispose]();
    onRemoved();
    return proof;
  }
}
