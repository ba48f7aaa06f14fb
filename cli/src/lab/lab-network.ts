import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { portRules, type LabPort } from "./lab-network-guard.ts";

/** Address of the control plane on the lab's bridge. The lab has no uplink: these exist in its own namespaces only. */
export const LAB_ADDRESS = "10.77.0.1";
const BRIDGE_MAC = "02:52:4c:01:00:01";

/** Private /run for named network namespaces, and a bridge without an uplink. */
export function makeBridge(ip: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
  mkdirSync("/run/netns");
  batch(ip, [
    "link set lo up",
    `link add br0 address ${BRIDGE_MAC} type bridge mcast_snooping 0`,
    "link set dev br0 addrgenmode none",
    `address add ${LAB_ADDRESS}/24 dev br0`,
    "link set br0 up",
  ]);
}

/** What a lab's host may be on the bridge. @throws RangeError when the lab has no address left for it. */
export function labPort(host: string, index: number): LabPort {
  const last = 11 + index;
  if (!Number.isInteger(index) || index < 0 || last > 254)
    throw new RangeError("a lab has 244 hosts at most");
  return {
    index,
    hostInterface: `v-${host}`,
    address: `10.77.0.${last}`,
    mac: `02:52:4c:01:00:${last.toString(16).padStart(2, "0")}`,
  };
}

/**
 * A network namespace for a host, tied to the bridge by a port that lets the host be nobody but itself.
 * @returns the host's address.
 * @throws Error when the kernel cannot guard the port: no lab then, as no cell could be guarded either.
 */
export function connectHost(ip: string, host: string, index: number, nft = "nft"): string {
  const port = labPort(host, index);
  const { hostInterface, address, mac } = port;
  batch(ip, [
    `netns add ${host}`,
    `link add ${hostInterface} type veth peer name eth0 address ${mac} netns ${host}`,
    `link set dev ${hostInterface} addrgenmode none`,
  ]);
  try {
    execFileSync(nft, ["-f", "-"], { input: portRules(port), stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    const why = "nft and a kernel with its netdev family (CONFIG_NF_TABLES_NETDEV) are needed";
    throw new Error(`the lab's bridge cannot be guarded: ${why}`, { cause: error });
  }
  batch(ip, [`link set ${hostInterface} master br0 up`]);
  const inHost = [
    "link set dev eth0 addrgenmode none",
    `address add ${address}/24 dev eth0`,
    "link set eth0 up",
  ];
  execFileSync(ip, ["-n", host, "-batch", "-"], { input: lines(inHost) });
  return address;
}

function batch(ip: string, all: readonly string[]): void {
  execFileSync(ip, ["-batch", "-"], { input: lines(all), stdio: ["pipe", "pipe", "pipe"] });
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");
