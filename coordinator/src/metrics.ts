import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  BREACHES,
  BUDGET_NAMES,
  EMPTIED_BY,
  FAULT_NAMES,
  PHASES,
  PROFILES,
  BUILT_IN_SCENARIOS,
  TRIAL_STATES,
  VERDICTS,
  type NodeId,
  type Projection,
  SET_ASIDE,
  type SetAsideWhat,
} from "@redline/shared";
import type { Logger } from "@redline/daemon";
import { DROP_KINDS, type ContainmentCounters } from "./containment-counters.ts";
import type { HeardNode } from "./node-book.ts";
import { oversightNumbers, PAUSED_BY } from "./oversight-gauges.ts";
import { QUEUE_STATES, type QueueCounts } from "./queue-gauge.ts";
import { RECORD_RESULTS, type RecordResult } from "./records-intake.ts";
import { TrialCounters } from "./trial-counters.ts";

const NODE_STATES = ["ready", "draining", "quarantined", "gone"] as const;
const COLLECTORS = ["trials", "containment", "oversight", "nodes", "queue", "nats"] as const;
/** Studies choose the names of their own profiles: as labels they would have no bound. */
const PROFILE_LABELS = [...PROFILES, "own"] as const;
const scenarioLabel = (name: string) => BUILT_IN_SCENARIOS.find((known) => known === name) ?? "other";
const profileLabel = (name: string) => PROFILES.find((known) => known === name) ?? "own";
const LONG = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];
/** A cell is to be empty within seconds of an order; the limits of nodes are the finer steps. */
const EMPTY = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120];
const SHORT = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

export interface MetricsSource {
  readonly version: string;
  readonly state: Projection;
  readonly nodes: readonly NodeId[];
  /** A node that was heard of lately enough to get trials, or undefined. */
  readonly live: (node: NodeId) => HeardNode | undefined;
  readonly heard: (node: NodeId) => HeardNode | undefined;
  readonly reconnects: () => number;
  readonly leads?: () => boolean;
  /** Whether the bus stores what it is given; null where nobody asks it, as on a standby. */
  readonly stores?: () => boolean | null;
  readonly containment: Pick<ContainmentCounters, "drain">;
  /** Nodes whose daemon speaks another protocol, and that get no work. */
  readonly otherVersions?: () => number;
  /** Null while there is no connection. */
  readonly queue: () => Promise<QueueCounts> | null;
  /** What was set aside since this daemon began, and objects that records name and that are not here yet. */
  readonly setAside?: () => ReadonlyMap<SetAsideWhat, number>;
  readonly objectsExpected?: () => number;
  readonly log: Logger;
}

export interface Metrics {
  readonly contentType: string;
  count(result: RecordResult): void;
  /** The page. Never rejects: a collector that fails leaves its last values and is counted. */
  page(): Promise<string>;
}

/** All metric names of the coordinator stand here. Node ids are the only ids that are labels. */
export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers });

  gauge("redline_build_info", "Version of this daemon; always 1.", ["version", "role"])
    .labels(source.version, "coordinator")
    .set(1);
  const trials = gauge("redline_trials", "Trials by state.", ["state"]);
  const finished = counter(
    "redline_trials_finished_total",
    "Verdicts of trials that are over, by profile; own: under the studies' own profiles.",
    ["scenario", "profile", "verdict"],
  );
  const faults = counter("redline_trial_infra_faults_total", "Attempts that ended in an infra fault.", [
    "fault",
  ]);
  const retries = counter("redline_trial_retries_total", "Attempts beyond the first of their trial.");
  const duration = new Histogram({
    name: "redline_trial_duration_seconds",
    help: "From a trial's first placement to its end.",
    buckets: LONG,
    registers,
  });
  const phase = new Histogram({
    name: "redline_trial_phase_duration_seconds",
    help: "Phases of attempts of ended trials, as the nodes timed them.",
    labelNames: ["phase"],
    buckets: SHORT,
    registers,
  });
  const queue = gauge("redline_queue_messages", "Commands on the stream, over all nodes.", ["state"]);
  const nodes = gauge("redline_nodes", "Nodes by state; gone: enrolled and not heard of.", ["state"]);
  const otherVersions = gauge(
    "redline_nodes_other_version",
    "Nodes that are heard and speak another protocol than the coordinator; they get no work.",
  );
  const heartbeat = gauge(
    "redline_node_last_heartbeat_timestamp_seconds",
    "When a node's inventory came last; 0 when it never did since this daemon began.",
    ["node"],
  );
  const copies = gauge("redline_live_copies", "Candidate copies that listen now, as the nodes say.");
  const violations = counter(
    "redline_containment_violations_total",
    "Breaches that nodes and the coordinator recorded: something left its cell, survived, or went over a cap.",
    ["kind"],
  );
  const emptied = counter("redline_emptied_total", "Times a node or an attempt was ended at once.", ["by"]);
  const emptying = new Histogram({
    name: "redline_empty_duration_seconds",
    help: "From the order, or the end of the limit, until no process was left, as the nodes timed it.",
    labelNames: ["by"],
    buckets: EMPTY,
    registers,
  });
  const drops = counter("redline_drops_total", "Packets of cells that the guards dropped.", ["kind"]);
  const tokens = counter("redline_brain_tokens_total", "Tokens that brains used, as their providers say.", [
    "kind",
  ]);
  const cost = counter("redline_brain_cost_usd_total", "US dollars that brains cost, of what has a price.");
  const waiting = gauge("redline_approvals_waiting", "Actions of agents that wait for a person's decision.");
  const held = gauge("redline_attempts_paused", "Attempts under way whose agent a person paused.");
  const trialsHeld = gauge("redline_trials_held", "Waiting trials of studies that are paused.");
  const paused = gauge("redline_studies_paused", "Studies that begin no new attempt, by who paused them.", [
    "by",
  ]);
  const budgets = gauge(
    "redline_budget_used_ratio",
    "The largest used share of a budget of any study that is not over; 1 and more: used up.",
    ["budget"],
  );
  const selfTests = gauge(
    "redline_node_selftest_green",
    "1 where the newest containment self-test on the node's boot is green; 0: it is red, there is none, or the node is gone.",
    ["node"],
  );
  const reconnects = counter("redline_nats_reconnects_total", "Times the NATS connection came back.");
  const stores = gauge(
    "redline_nats_stores",
    "1 while the bus stores what it is given; 0: its disk or its limit is reached, or it is not there; NaN: not asked, as by a standby.",
  );
  const leads = gauge(
    "redline_coordinator_leads",
    "1: this coordinator leads, or is alone; 0: it stands by.",
  );
  const errors = counter("redline_collector_errors_total", "Collectors that failed during a scrape.", [
    "collector",
  ]);
  const records = counter("redline_records_total", "Node records by what became of them.", ["result"]);
  const aside = counter("redline_set_aside_total", "What could not be read or was not taken, by kind.", [
    "what",
  ]);
  const expected = gauge("redline_objects_expected", "Objects that records name and that are not here yet.");

  for (const scenario of [...BUILT_IN_SCENARIOS, "other"])
    for (const profile of PROFILE_LABELS)
      for (const verdict of VERDICTS) finished.labels(scenario, profile, verdict).inc(0);
  for (const fault of FAULT_NAMES) faults.labels(fault).inc(0);
  for (const kind of BREACHES) violations.labels(kind).inc(0);
  for (const by of EMPTIED_BY) emptied.labels(by).inc(0);
  for (const by of EMPTIED_BY) emptying.zero({ by });
  for (const kind of DROP_KINDS) drops.labels(kind).inc(0);
  for (const name of PHASES) phase.zero({ phase: name });
  for (const name of QUEUE_STATES) queue.labels(name).set(0);
  for (const name of COLLECTORS) errors.labels(name).inc(0);
  for (const name of RECORD_RESULTS) records.labels(name).inc(0);
  const before = [...source.state.taken.values()].reduce((sum, taken) => sum + taken, 0);
  records.labels("taken").inc(before);

  const counters = new TrialCounters();
  const collectors: Record<(typeof COLLECTORS)[number], () => void | Promise<void>> = {
    trials: () => {
      const counts = source.state.counts.all();
      for (const state of TRIAL_STATES) trials.labels(state).set(counts[state]);
      counters.count(source.state.trials.values(), {
        faulted: (fault) => faults.labels(fault).inc(),
        retried: () => retries.inc(),
        finished: (trial, seconds) => {
          for (const [profile, verdict] of Object.entries(trial.verdicts))
            if (verdict !== undefined)
              finished.labels(scenarioLabel(trial.scenario), profileLabel(profile), verdict).inc();
          if (seconds !== null) duration.observe(seconds);
        },
        phase: (name, seconds) => phase.labels(name).observe(seconds),
      });
    },
    containment: () =>
      source.containment.drain({
        breach: (kind, times) => violations.labels(kind).inc(times),
        emptied: (by, seconds) => {
          emptied.labels(by).inc();
          emptying.labels(by).observe(seconds);
        },
        dropped: (kind, packets) => drops.labels(kind).inc(packets),
      }),
    oversight: () => {
      const now = oversightNumbers(source.state);
      tokens.reset();
      tokens.labels("prompt").inc(now.promptTokens);
      tokens.labels("completion").inc(now.completionTokens);
      cost.reset();
      cost.inc(now.costUsd);
      waiting.set(now.approvalsWaiting);
      held.set(now.attemptsPaused);
      trialsHeld.set(now.trialsHeld);
      for (const by of PAUSED_BY) paused.labels(by).set(now.studiesPaused[by]);
      for (const name of BUDGET_NAMES) budgets.labels(name).set(now.budgetUsed[name]);
    },
    nodes: () => {
      const live = source.nodes.flatMap((node) => source.live(node) ?? []);
      const count = (state: string) => live.filter((node) => node.inventory.state === state).length;
      for (const state of NODE_STATES)
        nodes.labels(state).set(state === "gone" ? source.nodes.length - live.length : count(state));
      for (const node of source.nodes)
        heartbeat.labels(node).set((source.heard(node)?.heardAt.getTime() ?? 0) / 1000);
      for (const node of source.nodes)
        selfTests.labels(node).set(source.live(node)?.inventory.selfTest?.green === true ? 1 : 0);
      otherVersions.set(source.otherVersions?.() ?? 0);
      copies.set(live.reduce((sum, node) => sum + node.inventory.liveCopies, 0));
    },
    queue: async () => {
      const counts = await source.queue();
      if (counts === null) return;
      for (const state of QUEUE_STATES) queue.labels(state).set(counts[state]);
    },
    nats: () => {
      reconnects.reset();
      reconnects.inc(source.reconnects());
      leads.set(Number(source.leads?.() ?? true));
      const stored = source.stores?.() ?? null;
      stores.set(stored === null ? Number.NaN : Number(stored));
      aside.reset();
      for (const what of SET_ASIDE) aside.labels(what).inc(source.setAside?.().get(what) ?? 0);
      expected.set(source.objectsExpected?.() ?? 0);
    },
  };

  return {
    contentType: registry.contentType,
    count: (result) => records.labels(result).inc(),
    async page() {
      await Promise.all(
        COLLECTORS.map(async (name) => {
          try {
            await collectors[name]();
          } catch (error) {
            errors.labels(name).inc();
            source.log.warn({ err: error, collector: name }, "collector failed");
          }
        }),
      );
      return registry.metrics();
    },
  };
}
