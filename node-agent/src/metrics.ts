import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { FAULT_NAMES, PHASES, type NodeRecordBody } from "@redline/shared";

export interface NodeGauges {
  readonly slots: number;
  readonly slotsInUse: number;
  readonly liveCopies: number;
  readonly outboxRecords: number;
}

/** The node daemon's metrics; their names are spelled here only. */
export function createNodeMetrics(version: string) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: "redline_build_info",
    help: "Version and role of this process",
    labelNames: ["version", "role"],
    registers,
  }).set({ version, role: "node-agent" }, 1);
  const slots = new Gauge({
    name: "redline_node_slots",
    help: "Cells this node may hold at once",
    registers,
  });
  const slotsInUse = new Gauge({ name: "redline_node_slots_in_use", help: "Cells held now", registers });
  const liveCopies = new Gauge({
    name: "redline_node_live_copies",
    help: "Candidate copies listening in cells now",
    registers,
  });
  const outbox = new Gauge({
    name: "redline_node_outbox_records",
    help: "Records on disk that the stream does not have yet",
    registers,
  });
  const faults = new Counter({
    name: "redline_node_infra_faults_total",
    help: "Attempts ended by an infra fault",
    labelNames: ["fault"],
    registers,
  });
  for (const fault of FAULT_NAMES) faults.inc({ fault }, 0);
  const unclean = new Counter({
    name: "redline_node_unclean_cells_total",
    help: "Cells that could not be proved gone",
    registers,
  });
  const phases = new Histogram({
    name: "redline_node_phase_duration_seconds",
    help: "Duration of the phases of an attempt",
    labelNames: ["phase"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200],
    registers,
  });
  for (const phase of PHASES) phases.zero({ phase });
  return {
    render: () => registry.metrics(),
    contentType: registry.contentType,
    /** Read at each scrape. */
    set: (now: NodeGauges) => {
      slots.set(now.slots);
      slotsInUse.set(now.slotsInUse);
      liveCopies.set(now.liveCopies);
      outbox.set(now.outboxRecords);
    },
    /** Counts what a journalled record says; nothing is counted that is not on disk. */
    record: (body: NodeRecordBody) => {
      if (body.kind === "phase") phases.observe({ phase: body.phase }, body.ms / 1000);
      if (body.kind === "attempt-ended" && body.fault !== undefined) faults.inc({ fault: body.fault });
      if (body.kind === "cell-gone" && !body.proof.clean) unclean.inc();
    },
  };
}
export type NodeMetrics = ReturnType<typeof createNodeMetrics>;
