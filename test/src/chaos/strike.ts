import { partOf, type Blow, type Struck } from "./blow.ts";
import { sshdStruck } from "./strike-cell.ts";
import { linkCut, linkDelayed, linkLossy, onBus } from "./strike-link.ts";
import { clockStepped, diskFull, killed, leaderStruck, retryKilled, stopped } from "./strike-part.ts";

/** Late by so much is late enough to be overtaken by much that came after. */
const LATE_MS = 250;

/** One blow, from its beginning until what it did is taken back. Says what it hit. */
export async function strike(struck: Struck): Promise<Blow> {
  const { lab, fault } = struck;
  const part = await partOf(struck);
  const share = fault.size / 100;
  switch (fault.kind) {
    case "daemon-killed":
    case "coordinator-killed":
    case "nats-killed":
      return killed(struck, part);
    case "daemon-stopped":
    case "coordinator-stopped":
    case "nats-stopped":
      return stopped(lab.pids(part), part, fault.forMs);
    case "leader-killed":
    case "leader-stopped":
      return leaderStruck(struck, part);
    case "sshd-killed":
    case "sshd-stopped":
      return sshdStruck(struck, part);
    case "link-cut":
      return linkCut(struck, part);
    case "link-lossy":
      return linkLossy(struck, part);
    case "link-delayed":
      return linkDelayed(struck, part);
    case "bus-duplicated":
      return onBus(struck, part, { duplicate: share });
    case "bus-delayed":
      return onBus(struck, part, { held: share, heldMs: LATE_MS });
    case "bus-reordered":
      return onBus(struck, part, { overtaken: share, overtakenByMs: LATE_MS });
    case "disk-full":
      return diskFull(struck, part);
    case "clock-stepped":
      return clockStepped(struck, part);
    case "retry-killed":
      return retryKilled(struck);
  }
}
