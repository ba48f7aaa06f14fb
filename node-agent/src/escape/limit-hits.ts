import type { EscapeBench } from "./escape-bench.ts";

/** What is held by a watch and not by the kernel is seen some time later; liveness only. */
export const WATCH_MS = 6_000;

/** How often each limit was reached; none when the cell cannot be asked. */
export async function limitHits(bench: EscapeBench): Promise<Readonly<Record<string, number>>> {
  return bench.cell.limitsHit().catch(() => ({}));
}

/** Which limit counted more than before, waited for. */
export async function recorded(
  bench: EscapeBench,
  before: Readonly<Record<string, number>>,
  limit: string,
  waitMs: number,
): Promise<string> {
  const until = performance.now() + waitMs;
  for (;;) {
    const more = ((await limitHits(bench))[limit] ?? 0) - (before[limit] ?? 0);
    if (more > 0) return `${limit} limit counted ${more}`;
    if (performance.now() >= until) return "";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
