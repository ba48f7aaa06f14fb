import { triedRules, TRIED_SETS } from "./guard-tried.ts";
import type { LinkPlan } from "./link-plan.ts";

/**
 * The guard in the cell's own network namespace. All that is not on the link is routed to loopback and would come to nothing;
 * here it is counted and its destination noted, so that a try to get out shows. The agent has no right to change it; somebody
 * who had meets the wall on the host's side, which does not lean on this one.
 */
export const INSIDE_TABLE = "inet redline_inside";

/** Text for one `nft -f` in that namespace. */
export function insideRules({ cellAddress }: LinkPlan): string {
  const drop = (kind: string) => `counter name "n_${kind}" drop`;
  return [
    `table ${INSIDE_TABLE} {`,
    ...["tcp", "udp", "icmp", "ipv6", "other"].map((kind) => `counter n_${kind} { }`),
    ...TRIED_SETS,
    `chain output {`,
    `type filter hook output priority 0 ; policy drop ;`,
    `oifname "eth0" accept`,
    `ip daddr { 127.0.0.0/8, ${cellAddress} } accept`,
    `ip6 daddr ::1 accept`,
    ...triedRules(),
    `meta nfproto ipv6 ${drop("ipv6")}`,
    ...["tcp", "udp", "icmp"].map((kind) => `ip protocol ${kind} ${drop(kind)}`),
    drop("other"),
    `}`,
    `}`,
    "",
  ].join("\n");
}
