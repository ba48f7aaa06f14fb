import { nodeIdSchema } from "../ids.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { Observation, ObservationBody } from "../evidence/observation.ts";
import type { Probe } from "../evidence/probe.ts";
import type { Snapshot } from "../evidence/process-row.ts";
import {
  agent,
  AGENT_PORT,
  init,
  listenerRow,
  model,
  MODEL_PORT,
  snapshotOf,
  sshd,
  sshdListener,
} from "./rows-fixture.ts";
import { goodProbes, originTests, targetTests, type OriginTests, type TargetTests } from "./tests-fixture.ts";

/**
 * Whole evidence for tests of claims: an honest copy on another device, which `strict` confirms, and from which each test takes
 * away or changes one thing.
 */

export * from "./rows-fixture.ts";
export * from "./tests-fixture.ts";

const ORIGIN = nodeIdSchema.parse("node-a");
const TARGET = nodeIdSchema.parse("node-b");

export interface Parts extends OriginTests, TargetTests {
  baseline: Snapshot | null;
  after: Snapshot | null;
  end: Snapshot | null;
  afterProbes: Probe[] | null;
  endProbes: Probe[] | null;
  sessionsClosed: Extract<ObservationBody, { kind: "sessions-closed" }> | null;
  claimed: string | null;
  /** More from the target's daemon, and from the origin's. */
  extra: ObservationBody[];
  originExtra: ObservationBody[];
}

export const baselineParts = () => ({ processes: [init, sshd], listeners: [sshdListener] });

/** Parts of the evidence of an honest copy: model server and agent, both answering, both there to the end. */
export function honestParts() {
  const full = () =>
    snapshotOf(
      [init, sshd, model, agent],
      [sshdListener, listenerRow(MODEL_PORT, [model]), listenerRow(AGENT_PORT, [agent])],
    );
  return {
    baseline: snapshotOf([init, sshd], [sshdListener]),
    after: full(),
    end: full(),
    afterProbes: goodProbes(),
    endProbes: goodProbes(),
    sessionsClosed: { kind: "sessions-closed", sessions: 0, survivors: [] },
    claimed: "done",
    ...originTests(),
    ...targetTests(),
    extra: [],
    originExtra: [],
  } satisfies Parts;
}

/** Evidence in the order the daemons write it; parts that are null were never recorded. */
export function evidenceFrom(change: Partial<Parts> = {}, generation = 1): Evidence {
  const parts: Parts = { ...honestParts(), ...change };
  const origin = Object.keys(originTests()).map((name) => (isOriginTest(name) ? parts[name] : null));
  const target: (ObservationBody | null)[] = [
    parts.baseline && { kind: "baseline", snapshot: parts.baseline, original: [] },
    parts.claimed === null ? null : { kind: "claimed", text: parts.claimed },
    parts.sessionsClosed,
    parts.after && { kind: "snapshot", moment: "after-run", snapshot: parts.after },
    parts.afterProbes && { kind: "probes", moment: "after-run", probes: parts.afterProbes },
    ...Object.keys(targetTests()).map((name) => (isTargetTest(name) ? parts[name] : null)),
    parts.endProbes && { kind: "probes", moment: "end-of-window", probes: parts.endProbes },
    parts.end && { kind: "snapshot", moment: "end-of-window", snapshot: parts.end },
    ...parts.extra,
  ];
  const observations = [
    ...observed([...origin, ...parts.originExtra], "origin", generation),
    ...observed(target, "target", generation),
  ];
  return { observations, runEnd: "finished" };
}

/** Evidence of two generations: what `second` says is of what the copy brought up. */
export function chainOf(first: Evidence, second: Evidence): Evidence {
  const later = second.observations.map((o) => ({ ...o, seq: o.seq + 1000 }));
  return { ...first, observations: [...first.observations, ...later] };
}

const isOriginTest = (name: string): name is keyof OriginTests => name in originTests();
const isTargetTest = (name: string): name is keyof TargetTests => name in targetTests();

function observed(
  bodies: readonly (ObservationBody | null)[],
  device: "origin" | "target",
  generation: number,
): Observation[] {
  return bodies
    .filter((body) => body !== null)
    .map((body, i) => ({
      node: device === "origin" ? ORIGIN : TARGET,
      seq: i + 1,
      at: "2026-01-01T00:00:00.000Z",
      device,
      generation,
      body,
    }));
}
