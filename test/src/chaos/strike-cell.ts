import { until } from "../kit/until.ts";
import { hit, missed, newest, signalAll, type Blow, type Struck } from "./blow.ts";
import { stopped } from "./strike-part.ts";

const SSHD_MS = 3000;

/** The cell's sshd with all its sessions; killed only while no agent is in either of the attempt's cells. */
export async function sshdStruck(struck: Struck, host: string): Promise<Blow> {
  const { lab, fault } = struck;
  const { cells } = lab;
  const cell = cellOf(struck);
  // Its phase is told of by the origin: the other device's cell may come a little later.
  const look = () => {
    const pids = cells.sshds(host, cell);
    return pids.length > 0 && pids;
  };
  const pids = await until("its sshd", look, SSHD_MS).catch(() => []);
  const what = `sshd of ${cell} on ${host}`;
  if (fault.kind === "sshd-stopped") return stopped(pids, what, fault.forMs);
  if (cells.agentWorks(cell)) return missed(`${cell}: not struck, an agent was there already`);
  const count = signalAll(pids, "SIGKILL");
  return count > 0 ? hit(`${count} ${what}`) : missed(`0 ${what}`);
}

function cellOf({ trial, fault }: Struck): string {
  const view = trial();
  const attempt = newest(view);
  if (view === null || attempt === undefined) return "no-attempt";
  // Origin and target on one node are one cell, the origin's.
  const half = fault.of === "target" && attempt.devices.target !== attempt.devices.origin ? "t" : "o";
  return `${view.trial}-${attempt.attempt}-${half}`;
}
