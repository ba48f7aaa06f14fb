import { terminalLine, type Inventory } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { createApiClient } from "../source/api-client.ts";
import { addressOf, loadState, type SourceOptions } from "../source/choose-source.ts";
import { duration } from "../terminal/duration.ts";
import { table } from "../terminal/layout.ts";
import { safeJson } from "../terminal/safe-json.ts";

interface NodeRow {
  readonly inventory: Inventory;
  readonly ageMs: number;
  readonly goneWhy: string | null;
}

/** `redline node list`: the newest inventories, from the coordinator or as the journal last saw them. */
export async function nodeList(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & { json: boolean },
): Promise<ExitCode> {
  const { source, asOf, nodes } = await readNodes(options, cwd);
  if (options.json) {
    out.line(safeJson({ as_of: asOf.toISOString(), source, nodes }, 2));
    return EXIT.done;
  }
  if (nodes.length === 0) out.line("no nodes");
  const head = ["node", "state", "slots", "copies", "cpus", "memory", "gpus", "labels", "specimens", "heard"];
  const rows = nodes.map(({ inventory: i, ageMs, goneWhy }) => [
    i.node,
    goneWhy === null ? i.state : "gone",
    `${i.slotsInUse}/${i.slots}`,
    String(i.liveCopies),
    String(i.cpus),
    `${Math.round(i.memoryMiB / 1024)} GiB`,
    String(i.gpus.length),
    terminalLine(
      Object.entries(i.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
    ) || "-",
    i.specimens.map((s) => s.name).join(" ") || "-",
    `${duration(ageMs)} ago`,
  ]);
  if (rows.length > 0) for (const line of table([head.map(out.paint.strong), ...rows])) out.line(line);
  for (const { inventory, goneWhy } of nodes) {
    const why = goneWhy ?? inventory.reason;
    if (why !== "") out.line(`  ${inventory.node}: ${terminalLine(why, 300)}`);
  }
  return EXIT.done;
}

async function readNodes(
  options: SourceOptions,
  cwd: string,
): Promise<{ source: string; asOf: Date; nodes: NodeRow[] }> {
  const address = addressOf(options);
  if (address !== null) {
    const client = createApiClient(address);
    return { source: client.name, asOf: new Date(), nodes: await client.nodes() };
  }
  const { state, source, asOf } = await loadState(options, cwd);
  const nodes = [...state.projection.nodes.values()].map(({ inventory, seenAt, goneWhy }) => ({
    inventory,
    goneWhy,
    ageMs: Math.max(0, asOf.getTime() - Date.parse(seenAt)),
  }));
  return { source, asOf, nodes };
}
