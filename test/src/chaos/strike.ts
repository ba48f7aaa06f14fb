import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttemptView, TrialView } from "@redline/shared";
import { until } from "../kit/until.ts";
import { NO_TROUBLE, type BusTrouble } from "./bus-proxy.ts";
import type { ChaosLab } from "./chaos-lab.ts";
import type { Owner, PlannedFault } from "./chaos-plan.ts";
import { fillDisk } from "./fill-disk.ts";
import { lossRules } from "./loss-rules.ts";

/** Where a fault fell: the trial and its newest attempt at that moment. */
export interface Struck {
  readonly lab: ChaosLab;
  readonly fault: PlannedFault;
  readonly trial: () => TrialView | null;
}
/** A blow that hit says on what; one that fell on nothing says so. */
export type Blow = string | { readonly missed: string };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const RETRY_MS = 40_000;

/** One blow, from its beginning until what it did is taken back. Says what it hit, for people. */
export async function strike(struck: Struck): Promise<Blow> {
  const { lab, fault } = struck;
  const { kind, of, forMs, size } = fault;
  const host = hostOf(struck, of);
  switch (kind) {
    case "daemon-killed":
      return signal(lab, host, "SIGKILL");
    case "daemon-stopped":
      return stopped(lab.pids(host), host, forMs);
    case "coordinator-killed":
      return down(lab, "coordinator", forMs);
    case "nats-killed":
      return down(lab, "nats", forMs);
    case "coordinator-stopped":
      return stopped(lab.pids("coordinator"), "coordinator", forMs);
    case "nats-stopped":
      return stopped(lab.pids("nats"), "nats", forMs);
    case "sshd-killed": {
      const cell = cellOf(struck);
      if (lab.agentWorks(cell)) return { missed: `${cell}: not struck, an agent was there already` };
      const pids = lab.sshds(host, cell);
      for (const pid of pids) tryKill(pid, "SIGKILL");
      const what = `${pids.length} sshd of ${cell} on ${host}`;
      return pids.length > 0 ? what : { missed: what };
    }
    case "sshd-stopped":
      return stopped(lab.sshds(host, cellOf(struck)), `sshd of ${cellOf(struck)} on ${host}`, forMs);
    case "link-cut":
      return during(
        host,
        forMs,
        () => execFileSync(lab.plan.ip, ["link", "set", `v-${host}`, "down"]),
        () => execFileSync(lab.plan.ip, ["link", "set", `v-${host}`, "up"]),
      );
    case "link-lossy":
      return lossy(lab, host, forMs, size);
    case "link-delayed":
      return onBus(lab, host, forMs, { linkDelayMs: size });
    case "bus-duplicated":
      return onBus(lab, host, forMs, { duplicate: size / 100 });
    case "bus-delayed":
      return onBus(lab, host, forMs, { held: size / 100, heldMs: 250 });
    case "bus-reordered":
      return onBus(lab, host, forMs, { overtaken: size / 100, overtakenByMs: 250 });
    case "disk-full":
      return diskFull(lab, of === "coordinator" || of === "nats" ? of : host, forMs);
    case "clock-stepped": {
      const name = of === "coordinator" ? of : host;
      const path = join(lab.clocksDir, name);
      return during(
        name,
        forMs,
        () => writeFileSync(path, String(size)),
        () => rmSync(path, { force: true }),
      );
    }
    case "retry-killed":
      return retryKilled(struck, host);
  }
}

const newest = (trial: TrialView | null): AttemptView | undefined => trial?.attempts.at(-1);

/** Before a trial has an attempt: the first host is as good as any. */
function hostOf({ lab, trial }: Struck, of: Owner): string {
  const devices = newest(trial())?.devices;
  return (of === "target" ? devices?.target : devices?.origin) ?? lab.plan.hosts[0] ?? "";
}

function cellOf({ trial, fault }: Struck): string {
  const view = trial();
  const attempt = newest(view);
  if (view === null || attempt === undefined) return "no-attempt";
  // Origin and target on one node are one cell, the origin's.
  const half = fault.of === "target" && attempt.devices.target !== attempt.devices.origin ? "t" : "o";
  return `${view.trial}-${attempt.attempt}-${half}`;
}

/** The trial's next attempt is hit as well, as soon as it has begun. */
async function retryKilled({ lab, fault, trial }: Struck, host: string): Promise<string> {
  const before = newest(trial())?.attempt ?? 0;
  signal(lab, host, "SIGKILL");
  const again = await until(
    "another attempt",
    () => {
      const attempt = newest(trial());
      return attempt !== undefined && attempt.attempt > before && attempt.accepted.size > 0 && attempt;
    },
    RETRY_MS,
  ).catch(() => null);
  // The blow fell on nothing that needed a retry.
  if (again === null) return `${host}, no retry`;
  await pause(fault.afterMs / 2);
  const next = fault.of === "target" ? again.devices.target : again.devices.origin;
  signal(lab, next, "SIGKILL");
  return `${host}, then ${next} in attempt ${again.attempt}`;
}

function signal(lab: ChaosLab, part: string, name: NodeJS.Signals): string {
  for (const pid of lab.pids(part)) tryKill(pid, name);
  return part;
}

/** A part that is gone already is as good as struck. */
function tryKill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the look and the blow.
  }
}

async function during(
  what: string,
  forMs: number,
  begin: () => unknown,
  end: () => unknown,
): Promise<string> {
  try {
    begin();
    await pause(forMs);
  } finally {
    end();
  }
  return what;
}

const stopped = async (pids: readonly number[], name: string, forMs: number): Promise<Blow> => {
  const what = await during(
    `${pids.length} of ${name}`,
    forMs,
    () => pids.forEach((pid) => tryKill(pid, "SIGSTOP")),
    () => pids.forEach((pid) => tryKill(pid, "SIGCONT")),
  );
  return pids.length > 0 ? what : { missed: what };
};

async function down(lab: ChaosLab, part: "coordinator" | "nats", forMs: number): Promise<string> {
  const letGo = lab[part].hold();
  return during(part, forMs, () => signal(lab, part, "SIGKILL"), letGo);
}

/** Between the host and everybody, both ways. The hosts' own tables stay as they were: a sterile look would find more there. */
function lossy(lab: ChaosLab, host: string, forMs: number, percent: number): Promise<string> {
  const { nft, hosts } = lab.plan;
  const table = `chaos_${host}`;
  const begin = () => {
    const input = lossRules({
      table,
      host,
      address: lab.addressOf(host),
      others: hosts.filter((one) => one !== host),
      percent,
    });
    execFileSync(nft, ["-f", "-"], { input, stdio: ["pipe", "pipe", "pipe"] });
  };
  const end = () => {
    for (const family of ["netdev", "inet"])
      try {
        execFileSync(nft, ["delete", "table", family, table], { stdio: "ignore" });
      } catch {
        // It was never made.
      }
  };
  return during(host, forMs, begin, end);
}

function onBus(lab: ChaosLab, host: string, forMs: number, trouble: Partial<BusTrouble>): Promise<Blow> {
  const client = lab.addressOf(host);
  const before = lab.proxy.struck;
  return during(
    host,
    forMs,
    () => lab.proxy.set(client, { ...NO_TROUBLE, ...trouble }),
    () => lab.proxy.set(client, NO_TROUBLE),
  ).then((name) => {
    const messages = lab.proxy.struck - before;
    const what = `${name} (${messages} messages)`;
    return messages > 0 ? what : { missed: what };
  });
}

async function diskFull(lab: ChaosLab, part: string, forMs: number): Promise<string> {
  const folder = join(lab.plan.stateDir, part);
  const path = join(folder, "chaos-ballast");
  await during(
    part,
    forMs,
    () => fillDisk(path),
    () => rmSync(path, { force: true }),
  );
  // A nats-server that was out of space has switched JetStream off until it is started again: a person's part (docs/operations.md).
  if (part === "nats") signal(lab, "nats", "SIGKILL");
  return part;
}
