import { z } from "zod";
import type { Drops } from "./cell.ts";
import { INTERFACE_PREFIX, type LinkPlan } from "./link-plan.ts";

/**
 * The wall on the host's side of every cell's link: nft table `inet redline`, owned by the driver. A cell's packets
 * reach the host only as answers to connections of the host, or as a new connection to its one relay; nothing is
 * forwarded from or to a cell. The last rule of each hook catches a link of ours that nobody described: closed, not open.
 */
const TABLE = "inet redline";

export interface GuardOpening {
  readonly host: string;
  readonly port: number;
}

/** Text for one `nft -f`: the table (idempotent) and the rules of one cell. All of it applies at once or not at all. */
export function guardRules(plan: LinkPlan, opening: GuardOpening | undefined): string {
  const { index, hostInterface, cellAddress } = plan;
  const drop = `counter name "${counterName(plan)}" drop`;
  const strays = `"${INTERFACE_PREFIX}*"`;
  const rules = [
    `add table ${TABLE}`,
    `add map ${TABLE} input_from { type ifname : verdict ; }`,
    `add map ${TABLE} forward_of { type ifname : verdict ; }`,
    `add chain ${TABLE} input { type filter hook input priority -10 ; policy accept ; }`,
    `add chain ${TABLE} forward { type filter hook forward priority -10 ; policy accept ; }`,
    `flush chain ${TABLE} input`,
    `flush chain ${TABLE} forward`,
    `add rule ${TABLE} input iifname vmap @input_from`,
    `add rule ${TABLE} input iifname ${strays} drop`,
    `add rule ${TABLE} forward iifname vmap @forward_of`,
    `add rule ${TABLE} forward oifname vmap @forward_of`,
    `add rule ${TABLE} forward iifname ${strays} drop`,
    `add rule ${TABLE} forward oifname ${strays} drop`,

    `add counter ${TABLE} ${counterName(plan)}`,
    `add chain ${TABLE} in${index}`,
    `add chain ${TABLE} thru${index}`,
    `flush chain ${TABLE} in${index}`,
    `flush chain ${TABLE} thru${index}`,
    `add rule ${TABLE} in${index} ip saddr != ${cellAddress} ${drop}`,
    `add rule ${TABLE} in${index} ip saddr ${cellAddress} meta l4proto tcp ct state established accept`,
  ];
  if (opening !== undefined) {
    const to = `ip daddr ${opening.host} tcp dport ${opening.port}`;
    rules.push(`add rule ${TABLE} in${index} ip saddr ${cellAddress} ${to} ct state new accept`);
  }
  rules.push(
    // The tail of a connection that is already forgotten is no attempt to get out: dropped, not counted.
    `add rule ${TABLE} in${index} ct state invalid drop`,
    `add rule ${TABLE} in${index} ${drop}`,
    `add rule ${TABLE} thru${index} ${drop}`,
    `add element ${TABLE} input_from { "${hostInterface}" : goto in${index} }`,
    `add element ${TABLE} forward_of { "${hostInterface}" : goto thru${index} }`,
  );
  return `${rules.join("\n")}\n`;
}

/** Text for one `nft -f`: removes the rules of one cell. Fails as a whole when they are not there. */
export function guardRemoval({ index, hostInterface }: LinkPlan): string {
  return [
    `delete element ${TABLE} input_from { "${hostInterface}" }`,
    `delete element ${TABLE} forward_of { "${hostInterface}" }`,
    `flush chain ${TABLE} in${index}`,
    `flush chain ${TABLE} thru${index}`,
    `delete chain ${TABLE} in${index}`,
    `delete chain ${TABLE} thru${index}`,
    `delete counter ${TABLE} cell${index}`,
    "",
  ].join("\n");
}

export const guardTableRemoval = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/** Arguments of `nft` that print the cell's counter as JSON. */
export function dropsQuery(plan: LinkPlan): string[] {
  return ["-j", "list", "counter", "inet", "redline", counterName(plan)];
}

export const NO_DROPS: Drops = { packets: 0, bytes: 0, kinds: {}, tried: [] };

const counterListing = z.object({
  nftables: z.array(z.object({ counter: z.object({ packets: z.number(), bytes: z.number() }).optional() })),
});

/** @throws ZodError or SyntaxError when nft printed something else. */
export function parseDrops(json: string): Drops {
  const rows = counterListing.parse(JSON.parse(json)).nftables;
  const counter = rows.find((row) => row.counter !== undefined)?.counter;
  return { ...NO_DROPS, ...counterListing.shape.nftables.element.shape.counter.unwrap().parse(counter) };
}

function counterName({ index }: LinkPlan): string {
  return `cell${index}`;
}
