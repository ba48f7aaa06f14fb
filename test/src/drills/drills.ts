import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliEntry } from "../kit/redline.ts";
import type { DrillLab } from "./drill-lab.ts";
import { CELL_HEARTBEAT_MS, PULSE_LIMIT_MS, type DrillName } from "./drill-names.ts";

/** A blow, and what brings the lab back after it. */
export interface Drill {
  /** Of which hosts every cell must be gone. */
  readonly victims: (hosts: Hosts) => readonly string[];
  /** Milliseconds that it may take until then. */
  readonly limitMs: number;
  /** Returns as soon as the blow has fallen: the clock runs from its call on. */
  readonly strike: (lab: DrillLab, victims: readonly string[]) => void;
  /** After everything is empty. */
  readonly recover: (lab: DrillLab, victims: readonly string[]) => Promise<void> | void;
}
export interface Hosts {
  readonly origin: string;
  readonly target: string;
  /** Counts repeats, from 0: what hits one host hits the origin's and the target's in turns. */
  readonly repeat: number;
}

const both = ({ origin, target }: Hosts) => [origin, target];
const inTurns = ({ origin, target, repeat }: Hosts) => [repeat % 2 === 0 ? origin : target];
const afterPulses = PULSE_LIMIT_MS + 1000;
const afterBeats = CELL_HEARTBEAT_MS + 1000;
const nothing = () => undefined;
const signalDaemons = (lab: DrillLab, hosts: readonly string[], signal: NodeJS.Signals) => {
  for (const pid of hosts.map((host) => lab.daemon(host))) process.kill(pid, signal);
};
const cli = (...args: string[]) => void spawn(process.execPath, [cliEntry, ...args], { stdio: "ignore" });
const clear = async (lab: DrillLab, hosts: readonly string[]) => {
  for (const host of hosts) await lab.clear(host);
};

export const DRILLS: Readonly<Record<DrillName, Drill>> = {
  "daemon-killed": {
    victims: inTurns,
    limitMs: 1000,
    strike: (lab, hosts) => signalDaemons(lab, hosts, "SIGKILL"),
    // Its host's init starts another one.
    recover: nothing,
  },
  "daemon-stopped": {
    victims: inTurns,
    limitMs: afterBeats,
    strike: (lab, hosts) => signalDaemons(lab, hosts, "SIGSTOP"),
    recover: (lab, hosts) => signalDaemons(lab, hosts, "SIGCONT"),
  },
  "coordinator-killed": {
    victims: both,
    limitMs: afterPulses,
    strike: (lab) => process.kill(lab.coordinator(), "SIGKILL"),
    recover: (lab) => lab.startCoordinator(),
  },
  "nats-killed": {
    victims: both,
    limitMs: afterPulses,
    strike: (lab) => process.kill(lab.nats(), "SIGKILL"),
    recover: (lab) => lab.startNats(),
  },
  "link-cut": {
    victims: inTurns,
    limitMs: afterPulses,
    strike(lab, hosts) {
      for (const host of hosts) lab.setLink(host, "down");
    },
    recover(lab, hosts) {
      for (const host of hosts) lab.setLink(host, "up");
    },
  },
  "stop-all": {
    victims: both,
    limitMs: afterBeats,
    strike: (lab) => cli("stop", "--all", "--socket", lab.plan.socketPath, "--why", "drill"),
    recover: (lab) => lab.stopped(),
  },
  "kill-file": {
    victims: inTurns,
    limitMs: afterBeats,
    strike(lab, hosts) {
      for (const host of hosts) writeFileSync(join(lab.plan.stateDir, host, "kill"), "drill\n");
    },
    recover: clear,
  },
  "kill-signal": {
    victims: inTurns,
    limitMs: afterBeats,
    strike: (lab, hosts) => signalDaemons(lab, hosts, "SIGUSR2"),
    recover: clear,
  },
  "kill-command": {
    victims: both,
    limitMs: afterBeats,
    strike: (lab) =>
      cli("kill", "--state", lab.plan.stateDir, "--nats", "nats://10.77.0.1:4222", "--why", "drill"),
    recover: clear,
  },
};
