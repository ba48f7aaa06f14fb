import { join } from "node:path";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { below, scan, type LabProcessRow } from "../drills/lab-scan.ts";
import { hostPicture } from "./host-picture.ts";

/** The cells of the lab's hosts, seen from outside by `/proc` alone. */
export class LabCells {
  readonly #plan: LabPlan;

  constructor(plan: LabPlan) {
    this.#plan = plan;
  }

  /** The sshd of an attempt's cell, and its sessions. */
  sshds(host: string, cell: string): number[] {
    return this.#inCell(host, cell, scan())
      .filter(({ argv }) => /(^|\/)sshd(-session)?\b/.test(argv[0] ?? ""))
      .map(({ pid }) => pid);
  }

  /** Anything of the specimen's agent runs in a cell of the attempt that this cell is one of. */
  agentWorks(cell: string): boolean {
    const all = scan();
    const cells = ["o", "t"].map((half) => cell.replace(/[ot]$/, half));
    const rows = this.#plan.hosts.flatMap((host) => cells.flatMap((one) => this.#inCell(host, one, all)));
    return rows.some(({ argv }) => argv.some((arg) => arg.endsWith("agent.mjs")));
  }

  areGone(): boolean {
    const rows = scan();
    return this.#plan.hosts.every((host) => this.#below(host, rows).every(({ depth }) => depth < 2));
  }

  /** Everything on a host that a cell could have left. */
  picture(host: string): string[] {
    const rows = scan();
    const init = this.#init(host, rows);
    return init === null ? [] : hostPicture(init, join(this.#plan.stateDir, host, "cells"), rows);
  }

  #inCell(host: string, cell: string, all: readonly LabProcessRow[]): LabProcessRow[] {
    const ofHost = this.#below(host, all);
    const roots = ofHost.filter(({ argv }) => argv.some((arg) => arg.includes(`/cells/${cell}/`)));
    const rows = roots.flatMap(({ pid }) => below(ofHost, pid)).filter(({ depth }) => depth >= 2);
    return [...new Map(rows.map((row) => [row.pid, row])).values()];
  }

  #below(host: string, rows: readonly LabProcessRow[]): LabProcessRow[] {
    const init = this.#init(host, rows);
    return init === null ? [] : below(rows, init);
  }

  #init(host: string, rows: readonly LabProcessRow[]): number | null {
    const isInit = ({ argv, depth }: LabProcessRow) =>
      depth === 1 && argv[0] === this.#plan.bash && argv[2] === host;
    return rows.find(isInit)?.pid ?? null;
  }
}
