import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../kit/until.ts";
import { during, hit, missed, newest, pause, signalAll, type Blow, type Struck } from "./blow.ts";
import { fillDisk } from "./fill-disk.ts";

const RETRY_MS = 60_000;
const LOOK_MS = 1000;
/** Far above what a takeover needs. */
const TAKEOVER_MS = 20_000;

/** A daemon comes back by its host's init at once, the others when the time is over. */
export async function killed({ lab, fault }: Struck, part: string): Promise<Blow> {
  const letGo = lab.hold(part);
  let count = 0;
  await during(fault.forMs, () => (count = signalAll(lab.pids(part), "SIGKILL")), letGo);
  return count > 0 ? hit(part) : missed(`${part} was not there`);
}

export async function stopped(pids: readonly number[], name: string, forMs: number): Promise<Blow> {
  let count = 0;
  await during(
    forMs,
    () => (count = signalAll(pids, "SIGSTOP")),
    () => signalAll(pids, "SIGCONT"),
  );
  return count > 0 ? hit(`${count} of ${name}`) : missed(`0 of ${name}`);
}

/** The one that leads is killed, or frozen, until the other one leads: for the drawn time, and on a busy machine a little longer. */
export async function leaderStruck({ lab, fault }: Struck, leader: string): Promise<Blow> {
  const isKilled = fault.kind === "leader-killed";
  const letGo = isKilled ? lab.hold(leader) : () => undefined;
  const pids = lab.pids(leader);
  const after: { leader: string | null } = { leader: null };
  const looking = setInterval(
    () => void lab.leader().then((name) => (after.leader = name ?? after.leader)),
    LOOK_MS,
  );
  const isOther = () => after.leader !== null && after.leader !== leader;
  let count = 0;
  await during(
    fault.forMs,
    () => (count = signalAll(pids, isKilled ? "SIGKILL" : "SIGSTOP")),
    () => {
      clearInterval(looking);
      if (!isKilled) signalAll(pids, "SIGCONT");
      letGo();
    },
    isOther,
    TAKEOVER_MS,
  );
  const what = `${count} of ${leader}, then ${after.leader ?? "nobody"} led`;
  return count > 0 && isOther() ? hit(what) : missed(what);
}

/** The daemon is killed, and again as soon as the trial's next attempt was accepted. */
export async function retryKilled(struck: Struck): Promise<Blow> {
  const { lab, fault, trial, isOver } = struck;
  const first = newest(trial());
  const hostOf = (attempt: typeof first) =>
    (fault.of === "target" ? attempt?.devices.target : attempt?.devices.origin) ?? "";
  if (first === undefined || first.endedAt !== null) return missed("no attempt to kill");
  signalAll(lab.pids(hostOf(first)), "SIGKILL");
  const again = await until(
    "another attempt",
    () => {
      const attempt = newest(trial());
      const isNext = attempt !== undefined && attempt.attempt > first.attempt && attempt.accepted.size > 0;
      return isNext ? attempt : isOver() && "over";
    },
    RETRY_MS,
  ).catch(() => "over" as const);
  if (again === "over") return missed(`${hostOf(first)}, no retry`);
  await pause(fault.afterMs / 2);
  const host = hostOf(again);
  const count = signalAll(lab.pids(host), "SIGKILL");
  const what = `${hostOf(first)}, then ${host} in attempt ${again.attempt}`;
  return count > 0 ? hit(what) : missed(what);
}

export async function diskFull({ lab, fault }: Struck, part: string): Promise<Blow> {
  const path = join(lab.plan.stateDir, part, "chaos-ballast");
  await during(
    fault.forMs,
    () => fillDisk(path),
    () => rmSync(path, { force: true }),
  );
  // A nats-server that was out of space has switched JetStream off until it is started again: a person's part (docs/operations.md).
  if (part === "nats") signalAll(lab.pids("nats"), "SIGKILL");
  return hit(part);
}

export async function clockStepped({ lab, fault }: Struck, part: string): Promise<Blow> {
  const path = join(lab.clocksDir, part);
  await during(
    fault.forMs,
    () => writeFileSync(path, String(fault.size)),
    () => rmSync(path, { force: true }),
  );
  return hit(part);
}
