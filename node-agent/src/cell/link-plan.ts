/** Names and addresses of one cell's link, derived from its slot alone so that a restarted daemon finds them again. */
export interface LinkPlan {
  readonly index: number;
  /** Name under /run/netns. */
  readonly netns: string;
  /** Host end of the veth pair (15 characters are the kernel's limit). The cell's end is always `eth0`. */
  readonly hostInterface: string;
  readonly hostAddress: string;
  readonly cellAddress: string;
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
  };
}

/** The slot of a namespace or interface name of ours, undefined for any other name. */
export function slotOfName(name: string): number | undefined {
  const digits = /^(?:redline-|rlc)(\d{1,3})$/.exec(name)?.[1];
  const slot = Number(digits);
  return digits === undefined || slot > 255 ? undefined : slot;
}

/** `ip -batch` in the host: namespace, pair, host end. No IPv6 address of its own (addrgenmode none). */
export function hostBatch(plan: LinkPlan): string {
  return lines(
    `netns add ${plan.netns}`,
    `link add name ${plan.hostInterface} type veth peer name eth0 netns ${plan.netns}`,
    `link set dev ${plan.hostInterface} addrgenmode none`,
    `addr add ${plan.hostAddress}/30 dev ${plan.hostInterface}`,
    `link set dev ${plan.hostInterface} up`,
  );
}

/** `ip -n NETNS -batch` in the cell: its end and loopback. No default route: nothing but the /30 can be addressed. */
export function cellBatch(plan: LinkPlan): string {
  return lines(
    "link set dev lo up",
    "link set dev eth0 addrgenmode none",
    `addr add ${plan.cellAddress}/30 dev eth0`,
    "link set dev eth0 up",
  );
}

/** `ip -force -batch`: removes both; either may be gone already. */
export function removalBatch(plan: LinkPlan): string {
  return lines(`link del dev ${plan.hostInterface}`, `netns del ${plan.netns}`);
}

function lines(...all: string[]): string {
  return `${all.join("\n")}\n`;
}
