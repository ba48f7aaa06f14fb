import { z } from "zod";
import type { Drops } from "./cell.ts";
import { TRIED_LIMIT } from "./guard-tried.ts";

export const NO_DROPS: Drops = { packets: 0, bytes: 0, kinds: {}, tried: [] };

const counterSchema = z.object({ name: z.string(), packets: z.number(), bytes: z.number() });
const elementSchema = z.object({ concat: z.array(z.union([z.string(), z.number()])).min(2) });
const listingSchema = z.object({
  nftables: z.array(
    z.object({
      counter: counterSchema.optional(),
      set: z.object({ elem: z.array(elementSchema).optional() }).optional(),
    }),
  ),
});

/**
 * Adds up what `nft -j` listed of a cell's tables. A counter `n_KIND` is of that kind; `n_toward` is of packets to the cell and
 * no doing of its own; the shared table's `cellN` has what only looked like a part of a TCP connection.
 * @throws ZodError or SyntaxError when nft printed something else; Error when there is no counter in it.
 */
export function parseDrops(listings: readonly string[]): Drops {
  const rows = listings.flatMap((json) => listingSchema.parse(JSON.parse(json)).nftables);
  const counters = rows.flatMap(({ counter }) => counter ?? []);
  if (counters.length === 0) throw new Error("the guard's counters are not there");
  let packets = 0;
  let bytes = 0;
  const kinds: Record<string, number> = {};
  for (const { name, ...count } of counters) {
    const kind = name.startsWith("n_") ? name.slice(2) : name.startsWith("cell") ? "tcp" : "toward";
    if (kind === "toward" || count.packets === 0) continue;
    packets += count.packets;
    bytes += count.bytes;
    kinds[kind] = (kinds[kind] ?? 0) + count.packets;
  }
  const tried = rows.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat.join(" ")));
  return { packets, bytes, kinds, tried: [...new Set(tried)].sort().slice(0, TRIED_LIMIT) };
}
