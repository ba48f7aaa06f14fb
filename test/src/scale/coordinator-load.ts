import type { CoordinatorProcess } from "../kit/coordinator-process.ts";

/** What a coordinator's metrics say of itself. */
export interface LoadLook {
  readonly done: number;
  readonly cpuS: number;
  readonly rssMiB: number;
  /** Delay of its event loop since the last look, ms. */
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  /** How long the page took, ms. */
  readonly pageMs: number;
}

export async function lookAtLoad(coordinator: Pick<CoordinatorProcess, "get">): Promise<LoadLook> {
  const began = performance.now();
  const { text } = await coordinator.get("/metrics");
  const pageMs = performance.now() - began;
  const value = (name: string) => {
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
  };
  return {
    done: value('redline_trials{state="done"}'),
    cpuS: value("process_cpu_seconds_total"),
    rssMiB: value("process_resident_memory_bytes") / 1_048_576,
    lagP99Ms: value("nodejs_eventloop_lag_p99_seconds") * 1000,
    lagMaxMs: value("nodejs_eventloop_lag_max_seconds") * 1000,
    pageMs,
  };
}
