import { execFileSync } from "node:child_process";
import { z } from "zod";

/** A host's port of the lab's bridge, and what may come in by it. */
export interface LabPort {
  readonly index: number;
  /** The bridge's end of the host's link. */
  readonly hostInterface: string;
  readonly address: string;
  readonly mac: string;
}

const KINDS = ["forged", "arp", "ipv6", "udp", "icmp", "other"] as const;
/** All hosts of the lab and the control plane. */
const LAB_NETWORK = "10.77.0.0/24";

/**
 * Text for one `nft -f` in the lab's root namespace: at the first moment a host's frame is out of the host. It must carry the
 * host's own Ethernet and IPv4 address, and be ARP or TCP within the lab. Root of a host's namespace cannot get by: the
 * rules are not in that namespace.
 */
export function portRules(port: LabPort): string {
  const drop = (kind: (typeof KINDS)[number]) => `counter name "n_${kind}" drop`;
  const { mac, address } = port;
  return [
    `table ${tableOf(port)} {`,
    ...KINDS.map((kind) => `counter n_${kind} { }`),
    `chain from {`,
    `type filter hook ingress device "${port.hostInterface}" priority -500 ; policy drop ;`,
    `ether saddr != ${mac} ${drop("forged")}`,
    `ether type { 8021q, 8021ad } ${drop("other")}`,
    `arp htype 1 arp operation { request, reply } arp saddr ether ${mac} arp saddr ip ${address} accept`,
    `ether type arp ${drop("arp")}`,
    `ether type ip ip saddr != ${address} ${drop("forged")}`,
    `ip daddr ${LAB_NETWORK} ip protocol tcp accept`,
    `ip protocol udp ${drop("udp")}`,
    `ip protocol icmp ${drop("icmp")}`,
    `ether type ip6 ${drop("ipv6")}`,
    drop("other"),
    `}`,
    `}`,
    "",
  ].join("\n");
}

const listingSchema = z.object({
  nftables: z.array(z.object({ counter: z.object({ name: z.string(), packets: z.number() }).optional() })),
});

/** Frames that a port threw away so far, by kind; kinds without any are left out. @throws Error when nft cannot be asked. */
export function portDrops(port: LabPort, nft = "nft"): Record<string, number> {
  const list = ["-j", "list", "table", ...tableOf(port).split(" ")];
  const rows = listingSchema.parse(JSON.parse(execFileSync(nft, list, { encoding: "utf8" }))).nftables;
  const counters = rows.flatMap(({ counter }) => counter ?? []).filter(({ packets }) => packets > 0);
  return Object.fromEntries(counters.map(({ name, packets }) => [name.slice("n_".length), packets]));
}

const tableOf = ({ index }: LabPort) => `netdev redline_lab${index}`;
