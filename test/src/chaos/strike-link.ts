import { execFileSync } from "node:child_process";
import { during, hit, missed, type Blow, type Struck } from "./blow.ts";
import type { BusTrouble } from "./bus-proxy.ts";
import type { ChaosLab } from "./chaos-lab.ts";
import { linkRules, type LinkRules } from "./link-rules.ts";

/** The part's port of the lab's bridge is down; or nothing gets from one host to the other. */
export async function linkCut(struck: Struck, part: string): Promise<Blow> {
  const { lab, fault } = struck;
  if (fault.of === "between") return dropped(lab, betweenHosts(lab, 100), fault.forMs);
  const set = (state: string) => execFileSync(lab.plan.ip, ["link", "set", `v-${part}`, state]);
  await during(
    fault.forMs,
    () => set("down"),
    () => set("up"),
  );
  return hit(part);
}

export function linkLossy({ lab, fault }: Struck, part: string): Promise<Blow> {
  const to = lab.addressOf(part);
  const others = [...lab.coordinators, ...lab.plan.hosts].filter((other) => other !== part);
  const ports = [{ name: part, to: null }, ...others.map((name) => ({ name, to }))];
  const rules =
    fault.of === "between"
      ? betweenHosts(lab, fault.size)
      : { table: `chaos_${part.replaceAll("-", "_")}`, percent: fault.size, ports, fromBusTo: to };
  return dropped(lab, rules, fault.forMs);
}

/** To and from the bus by the proxy; between the hosts by the queues of their ports. */
export async function linkDelayed(struck: Struck, part: string): Promise<Blow> {
  const { lab, fault } = struck;
  if (fault.of !== "between") return onBus(struck, part, { linkDelayMs: fault.size });
  const { slowLink, plan } = lab;
  const devices = plan.hosts.map((host) => `v-${host}`);
  let slowed = 0;
  let packets = 0;
  const count = () => (packets = devices.reduce((sum, device) => sum + slowLink.packets(device), 0));
  await during(
    fault.forMs,
    () => (slowed = devices.filter((device) => slowLink.slow(device, fault.size)).length),
    () => {
      count();
      for (const device of devices) slowLink.undo(device);
    },
  );
  const what = `${plan.hosts.join(" and ")} by ${slowLink.means} (${packets} packets)`;
  return slowed === devices.length && packets > 0 ? hit(what) : missed(what);
}

export async function onBus(
  { lab, fault }: Struck,
  part: string,
  trouble: Partial<BusTrouble>,
): Promise<Blow> {
  const client = lab.addressOf(part);
  const before = lab.proxy.struckOf(client);
  const count = () => lab.proxy.struckOf(client) - before;
  let end: () => void = () => undefined;
  await during(
    fault.forMs,
    () => (end = lab.proxy.trouble(client, trouble)),
    () => end(),
    () => count() > 0,
  );
  const what = `${part} (${count()} messages)`;
  return count() > 0 ? hit(what) : missed(what);
}

function betweenHosts(lab: ChaosLab, percent: number): LinkRules {
  const [a = "", b = ""] = lab.plan.hosts;
  const ports = [
    { name: a, to: lab.addressOf(b) },
    { name: b, to: lab.addressOf(a) },
  ];
  return { table: "chaos_between", percent, ports, fromBusTo: null };
}

/** The hosts' own tables stay as they were: a sterile look would find more there. */
async function dropped({ plan: { nft } }: ChaosLab, rules: LinkRules, forMs: number): Promise<Blow> {
  const tables = ["netdev", ...(rules.fromBusTo === null ? [] : ["inet"])];
  const each = (verb: "delete" | "list") =>
    tables.map((family) => {
      try {
        return execFileSync(nft, [verb, "table", family, rules.table], { encoding: "utf8", stdio: "pipe" });
      } catch {
        // It was never made.
        return "";
      }
    });
  const count = () =>
    [
      ...each("list")
        .join("")
        .matchAll(/counter packets (\d+)/g),
    ].reduce((sum, [, n]) => sum + Number(n), 0);
  let packets = 0;
  await during(
    forMs,
    () => execFileSync(nft, ["-f", "-"], { input: linkRules(rules), stdio: ["pipe", "pipe", "pipe"] }),
    () => {
      packets = count();
      each("delete");
    },
    () => count() > 0,
  );
  const what = `${rules.table.replace("chaos_", "")} (${packets} packets lost)`;
  return packets > 0 ? hit(what) : missed(what);
}
