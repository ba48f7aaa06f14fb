import { triedRules, TRIED_SETS } from "./guard-tried.ts";
import { INTERFACE_PREFIX, type LinkPlan } from "./link-plan.ts";

/**
 * The wall on the host's side of every cell's link. What a cell may send: ARP for the link's two addresses, under its own; TCP
 * from its own address to the host's, as part of a connection of the host or as a new one to its one relay. What it may get:
 * the same the other way. No IPv6, no ICMP, no UDP; nothing is forwarded from or to a cell.
 *
 * Two layers. Table `netdev redlineN`, one a cell, at the first and the last moment a frame is the host's: it sees raw frames as
 * well, so that root in the cell's network namespace is held too. Table `inet redline`, shared, knows connections.
 */
const TABLE = "inet redline";
/** Before everything else at these hooks. */
const FIRST = -500;

export interface GuardOpening {
  readonly host: string;
  readonly port: number;
}

export interface GuardOptions {
  readonly opening: GuardOpening | undefined;
  /** The kernel has the netdev family's egress hook (5.16 and later); without it the output hook alone guards that way. */
  readonly egress: boolean;
}

/** Text for one `nft -f`; the link's host end must be there. Applies at once or not at all; not at
 * all also where the cell's table is there already: to replace it in one go would take the kernel some ms more. */
export function guardRules(plan: LinkPlan, { opening, egress }: GuardOptions): string {
  return [...frameRules(plan, opening, egress), ...connectionRules(plan, opening), ""].join("\n");
}

function frameRules(plan: LinkPlan, opening: GuardOpening | undefined, egress: boolean): string[] {
  const { hostInterface, hostAddress, cellAddress, hostMac, cellMac } = plan;
  const table = frameTable(plan);
  const counters = ["tcp", "udp", "icmp", "ipv6", "arp", "forged", "other", "toward"];
  const drop = (kind: string) => `counter name "n_${kind}" drop`;
  // No fragments and no IP options: TCP on this link needs neither, and a later fragment has no port to look at.
  const whole = "ip frag-off & 0x3fff == 0 ip hdrlength 5";
  const toHost = `ether daddr ${hostMac} ip saddr ${cellAddress} ip daddr ${hostAddress} ${whole}`;
  const ends = `arp saddr ip ${cellAddress} arp daddr ip ${hostAddress}`;
  return [
    `create table ${table}`,
    `table ${table} {`,
    ...counters.map((kind) => `counter n_${kind} { }`),
    ...TRIED_SETS,
    `chain from {`,
    `type filter hook ingress device "${hostInterface}" priority ${FIRST} ; policy drop ;`,
    `ether saddr != ${cellMac} ${drop("forged")}`,
    // A tag with VLAN 0 would be taken off and its frame treated as any other.
    `ether type { 8021q, 8021ad } ${drop("other")}`,
    `arp htype 1 arp operation { request, reply } arp saddr ether ${cellMac} ${ends} accept`,
    `ether type arp ${drop("arp")}`,
    `${toHost} tcp flags & (ack | rst) != 0 accept`,
    ...(opening === undefined
      ? []
      : [`ether daddr ${hostMac} ip saddr ${cellAddress} ${to(opening)} ${whole} accept`]),
    `ether type ip ip saddr != ${cellAddress} ${drop("forged")}`,
    ...triedRules(),
    ...["tcp", "udp", "icmp"].map((kind) => `ip protocol ${kind} ${drop(kind)}`),
    `ether type ip6 ${drop("ipv6")}`,
    drop("other"),
    `}`,
    ...(egress
      ? [
          `chain to {`,
          `type filter hook egress device "${hostInterface}" priority ${FIRST} ; policy drop ;`,
          `ether type arp arp saddr ip ${hostAddress} accept`,
          `ip saddr ${hostAddress} ip daddr ${cellAddress} ip protocol tcp accept`,
          drop("toward"),
          `}`,
        ]
      : []),
    `}`,
  ];
}

function connectionRules(plan: LinkPlan, opening: GuardOpening | undefined): string[] {
  const { index, hostInterface, hostAddress, cellAddress } = plan;
  const strays = `"${INTERFACE_PREFIX}*"`;
  const drop = `counter name "cell${index}" drop`;
  const dropToward = `counter name "toward${index}" drop`;
  const own = chainsOf(plan);
  const rule = (chain: string, text: string) => `add rule ${TABLE} ${chain} ${text}`;
  const hooks = ["input", "forward", "output"];
  return [
    `add table ${TABLE}`,
    ...["input_from", "forward_of", "output_to"].map(
      (map) => `add map ${TABLE} ${map} { type ifname : verdict ; }`,
    ),
    ...hooks.map(
      (hook) => `add chain ${TABLE} ${hook} { type filter hook ${hook} priority -10 ; policy accept ; }`,
    ),
    ...hooks.map((hook) => `flush chain ${TABLE} ${hook}`),
    rule("input", "iifname vmap @input_from"),
    rule("forward", "iifname vmap @forward_of"),
    rule("forward", "oifname vmap @forward_of"),
    rule("output", "oifname vmap @output_to"),
    // A link of ours that nobody described: closed, not open.
    rule("input", `iifname ${strays} drop`),
    rule("forward", `iifname ${strays} drop`),
    rule("forward", `oifname ${strays} drop`),
    rule("output", `oifname ${strays} drop`),

    `add counter ${TABLE} cell${index}`,
    `add counter ${TABLE} toward${index}`,
    ...own.map((chain) => `add chain ${TABLE} ${chain}`),
    ...own.map((chain) => `flush chain ${TABLE} ${chain}`),
    rule(`in${index}`, `ip saddr != ${cellAddress} ${drop}`),
    rule(`in${index}`, `ip saddr ${cellAddress} meta l4proto tcp ct state established accept`),
    ...(opening === undefined
      ? []
      : [rule(`in${index}`, `ip saddr ${cellAddress} ${to(opening)} ct state new accept`)]),
    // The tail of a connection that is already forgotten is no attempt to get out: dropped, not counted.
    rule(`in${index}`, `ct state invalid drop`),
    rule(`in${index}`, drop),
    rule(`thru${index}`, dropToward),
    rule(`out${index}`, `ip saddr ${hostAddress} ip daddr ${cellAddress} meta l4proto tcp accept`),
    rule(`out${index}`, dropToward),
    `add element ${TABLE} input_from { "${hostInterface}" : goto in${index} }`,
    `add element ${TABLE} forward_of { "${hostInterface}" : goto thru${index} }`,
    `add element ${TABLE} output_to { "${hostInterface}" : goto out${index} }`,
  ];
}

/** Text for one `nft -f`: removes the rules of one cell. Fails as a whole when they are not there. */
export function guardRemoval(plan: LinkPlan): string {
  const { index, hostInterface } = plan;
  const own = chainsOf(plan);
  return [
    `delete table ${frameTable(plan)}`,
    `delete element ${TABLE} input_from { "${hostInterface}" }`,
    `delete element ${TABLE} forward_of { "${hostInterface}" }`,
    `delete element ${TABLE} output_to { "${hostInterface}" }`,
    ...own.map((chain) => `flush chain ${TABLE} ${chain}`),
    ...own.map((chain) => `delete chain ${TABLE} ${chain}`),
    `delete counter ${TABLE} cell${index}`,
    `delete counter ${TABLE} toward${index}`,
    "",
  ].join("\n");
}

/** The same for a table whose cell left nothing else. */
export const frameTableRemoval = (plan: LinkPlan): string => `delete table ${frameTable(plan)}\n`;

export const guardTableRemoval = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/** For `nft -c -f -`: passes where the kernel has the egress hook. */
export const EGRESS_TRIAL = `add table netdev redline_trial
add chain netdev redline_trial to { type filter hook egress device "lo" priority 0 ; }
`;

export const frameTable = ({ index }: LinkPlan) => `netdev redline${index}`;
const to = ({ host, port }: GuardOpening) => `ip daddr ${host} tcp dport ${port}`;
const chainsOf = ({ index }: LinkPlan) => [`in${index}`, `thru${index}`, `out${index}`];
