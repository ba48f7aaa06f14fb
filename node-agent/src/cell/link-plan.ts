/** Names and addresses of one cell's link, derived from its slot alone so that a restarted daemon finds them again. */
export interface LinkPlan {
  readonly index: number;
  /** Name under /run/netns. */
  readonly netns: string;
  /** Host end of the veth pair (15 characters are the kernel's limit). The cell's end is always `eth0`. */
  readonly hostInterface: string;
  readonly hostAddress: string;
  readonly cellAddress: string;
  /** Both ends have a fixed Ethernet address, so that the guard can name them. */
  readonly hostMac: string;
  readonly cellMac: string;
}

export const NETNS_FOLDER = "/run/netns";
export const INTERFACE_PREFIX = "rlc";
const NETNS_PREFIX = "redline-";

/** @throws RangeError outside 0 to 255: the index is a byte of the address. */
export function linkPlan(index: number): LinkPlan {
  if (!Number.isInteger(index) || index < 0 || index > 255)
    throw new RangeError("a cell's index is 0 to 255");
  return {
    index,
    netns: `${NETNS_PREFIX}${index}`,
    hostInterface: `${INTERFACE_PREFIX}${index}`,
    hostAddress: `10.88.${index}.1`,
    cellAddress: `10.88.${index}.2`,
    // Locally administered.
    hostMac: `02:52:4c:00:${byte(index)}:01`,
    cellMac: `02:52:4c:00:${byte(index)}:02`,
  };
}

/** The slot of a namespace or interface name of ours, undefined for any other name. */
export function slotOfName(name: string): number | undefined {
  const digits = /^(?:redline-|rlc)(\d{1,3})$/.exec(name)?.[1];
  const slot = Number(digits);
  return digits === undefined || slot > 255 ? undefined : slot;
}

/** `ip -batch` in the host: namespace, pair, host end; no IPv6 address of its own (addrgenmode none). */
export function hostBatch(plan: LinkPlan, ofProcess?: number): string {
  const { netns, hostInterface, hostMac, cellMac } = plan;
  return lines(
    ofProcess === undefined ? `netns add ${netns}` : `netns attach ${netns} ${ofProcess}`,
    `link add name ${hostInterface} address ${hostMac} type veth peer name eth0 address ${cellMac} netns ${netns}`,
    `link set dev ${hostInterface} addrgenmode none`,
    `addr add ${plan.hostAddress}/30 dev ${hostInterface}`,
    `link set dev ${hostInterface} up`,
  );
}

/**
 * `ip -n NETNS -batch` in the cell: its end and loopback. Nothing but the /30 can be reached: all else is routed to
 * loopback, where the guard inside notes the destination and throws it away.
 */
export function cellBatch(plan: LinkPlan, ipv6: boolean): string {
  return lines(
    "link set dev lo up",
    "link set dev eth0 addrgenmode none",
    `addr add ${plan.cellAddress}/30 dev eth0`,
    "link set dev eth0 up",
    "route add default dev lo",
    ...(ipv6 ? ["route add ::/0 dev lo"] : []),
  );
}

/** `ip -force -batch`: removes both; either may be gone already. */
export function removalBatch(plan: LinkPlan): string {
  return lines(`link del dev ${plan.hostInterface}`, `netns del ${plan.netns}`);
}

const byte = (value: number) => value.toString(16).padStart(2, "0");

function lines(...all: string[]): string {
  return `${all.join("\n")}\n`;
}
