import { terminalLine, type Inventory } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { addressOf, clientIfUp, loadState, type SourceOptions } from "../source/choose-source.ts";
import { duration } from "../terminal/duration.ts";
import { table } from "../terminal/layout.ts";
import { safeJson } from "../terminal/safe-json.ts";

interface NodeRow {
  readonly inventory: Inventory;
  readonly ageMs: number;
  readonly goneWhy: string | null;
  /** By the node's own records; null: it is not. */
  readonly quarantinedWhy: string | null;
  readonly drained: { readonly who: string; readonly why: string } | null;
  /** Attempts of which a part may run there. */
  readonly attempts: number;
}

/** A node that is heard and cannot be understood. */
interface OtherVersion {
  readonly node: string;
  readonly why: string;
  readonly ageMs: number;
}

/** `redline node list`: the newest inventories, from the coordinator or as the journal last saw them. */
export async function nodeList(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & { json: boolean },
): Promise<ExitCode> {
  const { source, asOf, live, nodes: unsorted, others } = await readNodes(options, cwd);
  const nodes = unsorted.toSorted((a, b) => a.inventory.node.localeCompare(b.inventory.node));
  if (options.json) {
    out.line(safeJson({ as_of: asOf.toISOString(), source, nodes, otherVersions: others }, 2));
    return EXIT.done;
  }
  if (!live) out.line(`nobody answers: as of ${asOf.toISOString()}, from ${terminalLine(source, 300)}`);
  if (nodes.length === 0) out.line("no nodes");
  const head = [
    "node",
    "state",
    "self-test",
    "slots",
    "copies",
    "cpus",
    "memory",
    "gpus",
    "labels",
    "specimens",
    "heard",
  ];
  const foreign = new Set(others.map(({ node }) => node));
  const rows = nodes.map(({ inventory: i, ageMs, goneWhy, drained, attempts }) => [
    i.node,
    foreign.has(i.node)
      ? "other version"
      : goneWhy !== null
        ? "gone"
        : drained !== null && i.state === "ready"
          ? attempts > 0
            ? "draining"
            : "drained"
          : i.state,
    i.selfTest === null ? "none" : i.selfTest.green ? "green" : out.paint.bad("RED"),
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
  for (const { node, why, ageMs } of others)
    out.line(
      `  ${terminalLine(node, 40)}: speaks another version, and takes no work (heard ${duration(ageMs)} ago): ${terminalLine(why, 300)}`,
    );
  for (const node of nodes)
    for (const text of remarks(node)) out.line(`  ${node.inventory.node}: ${terminalLine(text, 500)}`);
  return EXIT.done;
}

/** What has to be said of a node, each with what to type. */
function remarks({ inventory, goneWhy, quarantinedWhy, drained, attempts }: NodeRow): string[] {
  const { node, state, reason, selfTest } = inventory;
  const quarantined = state === "quarantined" || quarantinedWhy !== null;
  const why = goneWhy ?? (quarantined ? "" : reason);
  return [
    ...(why === "" ? [] : [why]),
    ...(drained === null
      ? []
      : [
          `drained by ${drained.who}: ${drained.why}; ${attempts === 0 ? "nothing runs there" : `attempts that still run: ${attempts}`}; \`redline node undrain ${node} --why TEXT\` gives it back`,
        ]),
    ...(quarantined
      ? [
          `quarantined: ${reason || quarantinedWhy || "it gave no reason"}; look at the machine, then \`redline node clear ${node} --why TEXT\``,
        ]
      : []),
    ...(selfTest?.green === false
      ? [
          `self-test RED${selfTest.escaped.length === 0 ? "" : `, got out: ${selfTest.escaped.slice(0, 5).join(", ")}`}; scripted controls only until \`redline node selftest ${node}\` is green`,
        ]
      : []),
    ...(selfTest === null && goneWhy === null
      ? [`no self-test since the machine started: scripted controls only; \`redline node selftest ${node}\``]
      : []),
  ];
}

async function readNodes(
  options: SourceOptions,
  cwd: string,
): Promise<{ source: string; asOf: Date; live: boolean; nodes: NodeRow[]; others: OtherVersion[] }> {
  const client = await clientIfUp(options, cwd);
  if (client !== null)
    try {
      const { nodes, otherVersions: others } = await client.allNodes();
      return { source: client.name, asOf: new Date(), live: true, nodes, others };
    } catch (error) {
      // A lab that was killed leaves word of itself; a coordinator that was named must answer.
      if (addressOf(options) !== null) throw error;
    }
  const { state, source, asOf } = await loadState(options, cwd);
  const nodes = [...state.projection.nodes.values()].map(
    ({ inventory, seenAt, goneWhy, containment, drained }) => ({
      inventory,
      drained,
      attempts: 0,
      goneWhy,
      quarantinedWhy: containment.quarantinedWhy,
      ageMs: Math.max(0, asOf.getTime() - Date.parse(seenAt)),
    }),
  );
  return { source, asOf, live: false, nodes, others: [] };
}
