import type { AttemptView, TrialView } from "@redline/shared";
import type { ChaosLab } from "./chaos-lab.ts";
import type { PlannedFault } from "./planned-fault.ts";

/** A fault at its moment: its trial as the journal has it now, and whether the study is over. */
export interface Struck {
  readonly lab: ChaosLab;
  readonly fault: PlannedFault;
  readonly trial: () => TrialView | null;
  readonly isOver: () => boolean;
}
/** What it fell on, for people; one that fell on nothing is no hit. */
export interface Blow {
  readonly what: string;
  readonly hit: boolean;
}

export const hit = (what: string): Blow => ({ what, hit: true });
export const missed = (what: string): Blow => ({ what, hit: false });
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const LOOK_MS = 100;
/** A blow that waits for something to come by goes on so much longer at most. */
const LONGER_MS = 5000;

/** From its beginning until what it did is taken back, whatever happens; longer while `enough` says that nothing was struck yet. */
export async function during(
  forMs: number,
  begin: () => unknown,
  end: () => unknown,
  enough: () => boolean = () => true,
  longerMs = LONGER_MS,
): Promise<void> {
  try {
    begin();
    await pause(forMs);
    for (const from = performance.now(); !enough() && performance.now() - from < longerMs;)
      await pause(LOOK_MS);
  } finally {
    end();
  }
}

/** How many were there to be struck: one that is gone already is none. */
export function signalAll(pids: readonly number[], name: NodeJS.Signals): number {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, name);
    } catch {
      // It ended between the look and the blow.
      return false;
    }
  }).length;
}

export const newest = (trial: TrialView | null): AttemptView | undefined => trial?.attempts.at(-1);

/** The part that a fault is for, as things are now. Before a trial has an attempt the first host is as good as any. */
export async function partOf({ lab, trial, fault: { of } }: Struck): Promise<string> {
  const devices = newest(trial())?.devices;
  const [first = "", second = first] = lab.coordinators;
  switch (of) {
    case "nats":
      return of;
    case "coordinator":
      return lab.pair ? ((await lab.leader()) ?? first) : first;
    case "standby":
      return (await lab.leader()) === second ? first : second;
    case "target":
      return devices?.target ?? lab.plan.hosts[0] ?? "";
    case "origin":
    case "between":
      return devices?.origin ?? lab.plan.hosts[0] ?? "";
  }
}
