import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Address of the control plane on the lab's bridge. The lab has no uplink: these exist in its own namespaces only. */
export const LAB_ADDRESS = "10.77.0.1";

/** Private /run for named network namespaces, and a bridge without an uplink. */
export function makeBridge(ip: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
  mkdirSync("/run/netns");
  batch(ip, [
    "link set lo up",
    "link add br0 type bridge",
    `address add ${LAB_ADDRESS}/24 dev br0`,
    "link set br0 up",
  ]);
}

/** A network namespace for a host, tied to the bridge. @returns the host's address. */
export function connectHost(ip: string, host: string, index: number): string {
  const address = `10.77.0.${11 + index}`;
  batch(ip, [
    `netns add ${host}`,
    `link add v-${host} type veth peer name eth0 netns ${host}`,
    `link set v-${host} master br0 up`,
  ]);
  execFileSync(ip, ["-n", host, "-batch", "-"], {
    input: `address add ${address}/24 dev eth0\nlink set eth0 up\n`,
  });
  return address;
}

function batch(ip: string, lines: readonly string[]): void {
  execFileSync(ip, ["-batch", "-"], {
    input: lines.map((line) => `${line}\n`).join(""),
    stdio: ["pipe", "pipe", "pipe"],
  });
}
