import { join } from "node:path";
import { EscapeBench, type BenchCell } from "./escape-bench.ts";
import type { SuiteRun } from "./suite-options.ts";
import { setTraps, type Traps } from "./traps.ts";

/** What the cases of one stage act with; its sessions and traps end with it. */
export class StageBench implements AsyncDisposable {
  readonly bench: EscapeBench;
  readonly #traps: Traps;

  static async open(
    { options, folder }: SuiteRun,
    agent: BenchCell,
    other: BenchCell | null,
  ): Promise<StageBench> {
    const { path, word, secret, weights } = folder;
    const traps = await setTraps(agent.cell.hostAddress, join(path, "trap.sock"), `redline-${word}`);
    const { driver, addresses, nsenter, now, signal } = options;
    const parts = { driver, agent, other, traps, addresses, secret, weights, nsenter, now, signal };
    return new StageBench(new EscapeBench(parts), traps);
  }

  private constructor(bench: EscapeBench, traps: Traps) {
    this.bench = bench;
    this.#traps = traps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench.hangUp();
    await this.#traps.close();
  }
}
