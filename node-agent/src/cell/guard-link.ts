import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CellTools } from "./cell-tools.ts";
import type { Drops } from "./cell.ts";
import { parseDrops } from "./guard-counts.ts";
import { INSIDE_TABLE, insideRules } from "./guard-inside.ts";
import {
  EGRESS_TRIAL,
  frameTable,
  frameTableRemoval,
  guardRemoval,
  guardRules,
  type GuardOpening,
} from "./guard.ts";
import { cellBatch, hostBatch, NETNS_FOLDER, type LinkPlan } from "./link-plan.ts";
import { needTool, runTool } from "./run-tool.ts";

type LinkTools = Pick<CellTools, "ip" | "nft" | "nsenter">;

let egress = false;

/**
 * Does the kernel have nftables' egress hook? Without it the output hook alone guards what goes to a cell. Asked until the
 * answer is yes: a tool that failed once must not lower the wall for good.
 */
export async function hasEgressHook({ nft }: Pick<CellTools, "nft">): Promise<boolean> {
  egress ||= (await runTool(nft, ["-c", "-f", "-"], { stdin: EGRESS_TRIAL })).code === 0;
  return egress;
}

/**
 * Makes a cell's network namespace and its link, with the guard on both sides. Nothing may be started in the namespace before
 * this resolves: only then does the wall stand. All steps have settled before it rejects.
 * @param ofProcess whose network namespace it shall be, instead of a new one
 * @returns for the cell's facts, by which hooks it is guarded.
 * @throws CellError when a tool fails; what was made until then is for `removeCell`.
 */
export async function makeGuardedLink(
  tools: LinkTools,
  plan: LinkPlan,
  opening: GuardOpening | undefined,
  ofProcess?: number,
): Promise<{ readonly guard: string }> {
  const { ip, nft } = tools;
  const batch = ["-batch", "-"];
  const [hooked] = await Promise.all([
    hasEgressHook(tools),
    needTool(ip, batch, { stdin: hostBatch(plan, ofProcess) }),
  ]);
  // Not from /proc/sys: it may be hidden. Without IPv6 in the kernel there is nothing to route.
  const ipv6 = existsSync("/proc/self/net/if_inet6");
  const wall = raiseWall(tools, plan, guardRules(plan, { opening, egress: hooked }));
  const steps = [
    wall,
    // Something runs in the namespace of a process already: its end goes up when the wall stands.
    (ofProcess === undefined ? Promise.resolve() : wall).then(() =>
      needTool(ip, ["-n", plan.netns, ...batch], { stdin: cellBatch(plan, ipv6) }),
    ),
    needTool(tools.nsenter, inNetns(plan, nft, "-f", "-"), { stdin: insideRules(plan) }),
  ];
  await Promise.allSettled(steps);
  await Promise.all(steps);
  return { guard: `ingress ${hooked ? "egress" : "(no egress)"} input output forward` };
}

async function raiseWall({ nft }: LinkTools, plan: LinkPlan, rules: string): Promise<void> {
  const { code } = await runTool(nft, ["-f", "-"], { stdin: rules });
  if (code === 0) return;
  // Left by a predecessor that crashed: it stood for a cell that is gone.
  await removeGuard({ nft }, plan);
  await needTool(nft, ["-f", "-"], { stdin: rules });
}

/** Removes the rules of one cell; all, some or none of them may be there. @throws CellError when nft cannot be run. */
export async function removeGuard({ nft }: Pick<CellTools, "nft">, plan: LinkPlan): Promise<void> {
  const { code } = await runTool(nft, ["-f", "-"], { stdin: guardRemoval(plan) });
  if (code !== 0) await runTool(nft, ["-f", "-"], { stdin: frameTableRemoval(plan) });
}

/** What the guards of a cell threw away so far. @throws CellError when they are gone. */
export async function readDrops(tools: LinkTools, plan: LinkPlan): Promise<Drops> {
  const list = (what: string) => ["-j", "list", ...what.split(" ")];
  return parseDrops(
    await Promise.all([
      needTool(tools.nft, list(`table ${frameTable(plan)}`)),
      needTool(tools.nft, list(`counter inet redline cell${plan.index}`)),
      needTool(tools.nsenter, inNetns(plan, tools.nft, ...list(`table ${INSIDE_TABLE}`))),
    ]),
  );
}

/** Slots that have a table of their own, also when their link is gone. @throws CellError when nft cannot be asked. */
export async function guardedSlots({ nft }: Pick<CellTools, "nft">): Promise<number[]> {
  const tables = await needTool(nft, ["list", "tables", "netdev"]);
  return tables.split("\n").flatMap((line) => {
    const slot = /^table netdev redline(\d{1,3})$/.exec(line)?.[1];
    return slot === undefined ? [] : [Number(slot)];
  });
}

const inNetns = (plan: LinkPlan, ...command: string[]) => [
  `--net=${join(NETNS_FOLDER, plan.netns)}`,
  ...command,
];
