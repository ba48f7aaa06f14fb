import { join } from "node:path";
import type { AttemptKey, Device, NodeRecordBody, SterilityProof } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Cell, CellSpec } from "../cell/cell.ts";
import { HeldNamespaces } from "../cell/namespaces.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { pathsOf, type CellBook } from "../sterility/cell-book.ts";
import type { FailedLooks } from "../sterility/failed-looks.ts";
import type { SecondLooks } from "../sterility/second-looks.ts";
import type { LookKind, NodeBaseline, Sterility } from "../sterility/sterility.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { namespacesOfFacts, type Endpoint, type Trial } from "../sterility/trial-traces.ts";

export interface SterilityParts {
  readonly sterility: Pick<Sterility, "takeBaseline" | "proveSterile">;
  readonly secondLooks: Pick<SecondLooks<PartSterility>, "plan">;
  /** Parts that were found not to be sterile, for whoever clears the node. */
  readonly failedLooks: Pick<FailedLooks<PartSterility>, "note">;
  readonly book: Pick<CellBook, "others" | "uidOf" | "addListener">;
  /** Takes the node out of work; resolves when that is recorded. */
  readonly quarantine: (why: string) => Promise<void>;
  readonly log: NodeLog;
  readonly logger: Logger;
}

/** One part of an attempt, proved to have left nothing on this node: a baseline before its cell, a look after it, and one more. */
export class PartSterility {
  readonly #parts: SterilityParts;
  readonly #key: AttemptKey;
  readonly #device: Device;
  readonly #baseline: NodeBaseline;
  readonly #held: HeldNamespaces[] = [];
  readonly #cells = new Set<string>();
  /** When the part's cells were gone, by `performance.now`. */
  #endedAt = 0;
  /** Both looks are over. */
  #over = false;
  #trial: Trial = {
    ...{
      uids: [],
      namespaces: [],
      cellIds: [],
      publicKeys: [],
      keyFiles: [],
      paths: [],
      addresses: [],
      gpus: [],
    },
  };

  private constructor(parts: SterilityParts, key: AttemptKey, device: Device, baseline: NodeBaseline) {
    this.#parts = parts;
    this.#key = key;
    this.#device = device;
    this.#baseline = baseline;
  }

  /**
   * Before anything of the part is there.
   * @throws AttemptFault `observer-failed`: without a baseline nothing could be proved of what comes now
   */
  static async begin(parts: SterilityParts, key: AttemptKey, device: Device): Promise<PartSterility> {
    const baseline = await parts.sterility.takeBaseline(() => parts.book.others(() => false));
    if (baseline.node === null)
      throw new AttemptFault(
        "observer-failed",
        `the node as it is before the attempt could not be looked at: ${baseline.why ?? ""}`,
      );
    return new PartSterility(parts, key, device, baseline);
  }

  /** Notes what a cell of the part could leave behind, while it is up. */
  add(cell: Cell, spec: CellSpec): void {
    const namespaces = [...this.#trial.namespaces];
    try {
      // Freed numbers of namespaces are given away again; held, they stay this cell's until the last look.
      this.#held.push(HeldNamespaces.ofProcess(cell.initPid));
      namespaces.push(namespacesOfFacts(cell.facts));
    } catch {
      // It ended already. Not held, its numbers may be another's; the driver proves them free by what it holds itself.
    }
    this.#cells.add(cell.id);
    const before = this.#trial;
    const keys = ["host_key", "target_key"].map((name) => join(spec.stateDir, "etc/ssh", name));
    this.#trial = {
      uids: [...before.uids, this.#parts.book.uidOf(spec.index)],
      namespaces,
      cellIds: [...before.cellIds, cell.id],
      publicKeys: [...before.publicKeys, ...spec.authorizedKeys, cell.hostKey],
      keyFiles: [...before.keyFiles, ...keys],
      paths: [...before.paths, ...pathsOf(spec)],
      addresses: [...before.addresses, { address: cell.hostAddress, port: 0 }],
      gpus: [...(before.gpus ?? []), ...(spec.gpus ?? [])],
    };
  }

  /** A port that the daemon opened for a cell of the part, and must be closed with it. */
  addListener(cell: Cell, endpoint: Endpoint): void {
    this.#parts.book.addListener(cell.id, endpoint);
    this.#trial = { ...this.#trial, addresses: [...this.#trial.addresses, endpoint] };
  }

  /** Once the cell and all that belongs to it are gone: proves it, records it, and plans the second look. True when clean. */
  async afterwards(): Promise<boolean> {
    this.#endedAt = performance.now();
    const proof = await this.#prove("after");
    await this.#record("after", proof, 0);
    this.#parts.secondLooks.plan(this);
    return proof.clean;
  }

  /** The second look, and each one after it. */
  again(walk = true): Promise<SterilityProof> {
    return this.#prove("again", walk);
  }

  /** Records the second look's proof. The part's namespaces are held on to while something may still be in them. */
  async finish(proof: SterilityProof): Promise<void> {
    this.#over = true;
    if (proof.clean) this.release();
    await this.#record(
      "again",
      proof,
      Math.max(0, Math.round(performance.now() - this.#endedAt - proof.tookMs)),
    );
  }

  /** Lets go of the part's namespaces, once both looks are over: nothing is asked about them any more. */
  release(): void {
    if (this.#over) this.#held.splice(0).forEach((held) => held[Symbol.dispose]());
  }

  /** For people. */
  get name(): string {
    return `${this.#key.trial} attempt ${this.#key.attempt}, ${this.#device}`;
  }

  #prove(look: LookKind, walk = true): Promise<SterilityProof> {
    const { sterility, book } = this.#parts;
    const others = () => book.others((id) => this.#cells.has(id));
    return sterility.proveSterile({ baseline: this.#baseline, trial: this.#trial, look, walk, others });
  }

  async #record(look: LookKind, proof: SterilityProof, afterMs: number): Promise<void> {
    const { log, logger, quarantine, failedLooks } = this.#parts;
    failedLooks.note(this, proof);
    const body: NodeRecordBody = {
      kind: "sterile",
      device: this.#device,
      of: this.#key,
      look,
      afterMs,
      proof,
    };
    // The attempt is sealed by the time of the second look: what comes then stands outside of it.
    const key = look === "after" ? this.#key : undefined;
    await log.write(body, key);
    if (proof.clean) return;
    const left = proof.checks.filter(({ clean }) => clean === false);
    const { trial, attempt } = this.#key;
    const what = left.map((one) => `${one.check}: ${one.left.slice(0, 3).join(", ")}`).join("; ");
    const detail = `${this.name}, ${look === "after" ? "after it" : "second look"}: ${what}`;
    logger.error({ trial, attempt, look, left }, "not sterile");
    await log.write({ kind: "breach", breach: "survivor", detail: detail.slice(0, 500), killed: 0 }, key);
    await quarantine(detail.slice(0, 300));
  }
}

/** Indices of the GPUs that cells of this node have now. */
export const gpusInCells = ({ book }: Pick<SterilityParts, "book">): number[] =>
  book.others(() => false).flatMap(({ gpus }) => [...gpus]);
