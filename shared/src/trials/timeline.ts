import { containmentEntry } from "./timeline-containment.ts";
import type { Device, NodeId } from "../ids.ts";
import type { NodeRecordBody } from "../journal/node-record.ts";
import { oversightEntry } from "./timeline-oversight.ts";
import { observationEntry } from "./timeline-observation.ts";
import { inCausalOrder } from "./timeline-order.ts";
import type { TimelineWhat, Told } from "./timeline-entry.ts";
import type { AttemptView } from "./trial-view.ts";

/** One record of an attempt on the axis of time. */
export interface TimelineEntry {
  /** Wall clock of the node that wrote it: for people, and never for order. */
  readonly at: string;
  /** Milliseconds after the first record of the axis; below 0 where two clocks disagree by that much. */
  readonly ms: number;
  /** How wrong `ms` may be: it is the coordinator's clock as the node measured it. Null: it is the node's own wall clock. */
  readonly errorMs: number | null;
  /** `node#seq` finds the record in that node's chain. */
  readonly node: NodeId;
  readonly seq: number;
  readonly device: Device;
  /** 1: what the agent did or brought up; 2: what its copy brought up. */
  readonly generation: number;
  readonly what: TimelineWhat;
  /** One line. May quote hostile text: escape before showing. */
  readonly detail: string;
}

/**
 * Every record of an attempt on one axis, in an order that holds whatever the nodes' wall clocks say: see `inCausalOrder`. Times are
 * the coordinator's where all daemons have measured that clock; else each node's wall time, which orders nothing.
 */
export function timelineOf(attempt: AttemptView): TimelineEntry[] {
  const ordered = inCausalOrder(attempt);
  const measured = ordered.every(({ time }) => time !== null);
  const first = ordered[0];
  const startMs = measured ? (first?.time?.ms ?? 0) : Date.parse(first?.record.at ?? "");
  return ordered.map(({ record, time }) => ({
    at: record.at,
    ms: rounded((measured && time !== null ? time.ms : Date.parse(record.at)) - startMs),
    errorMs: measured && time !== null ? rounded(time.errorMs) : null,
    node: record.node,
    seq: record.seq,
    ...entryOf(record.body, attempt.devices, record.node),
  }));
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000;

type Rest = Pick<TimelineEntry, "device" | "generation" | "what" | "detail">;

function entryOf(body: NodeRecordBody, devices: AttemptView["devices"], node: NodeId): Rest {
  if (body.kind === "observation")
    return { device: body.device, generation: body.generation ?? 1, ...observationEntry(body.body) };
  // Records that name no device are of the attempt's lead where the node has it, which is the origin.
  const device = "device" in body ? body.device : node === devices.origin ? "origin" : "target";
  return { device, generation: 1, ...recordEntry(body) };
}

function recordEntry(body: Exclude<NodeRecordBody, { kind: "observation" }>): Told {
  switch (body.kind) {
    case "node-started":
      return { what: "node", detail: `daemon ${body.version} started` };
    case "accepted":
      return { what: "order", detail: "order accepted" };
    case "refused":
      return { what: "fault", detail: `order refused, ${body.fault}: ${body.why}` };
    case "cell-up":
      return { what: "cell", detail: `cell ${body.cell} is up` };
    case "phase":
      return { what: "phase", detail: `phase ${body.phase} is over, ${Math.round(body.ms)} ms` };
    case "agent-event":
      return agentEntry(body.event);
    case "run-ended":
      return { what: "run", detail: `run ended: ${body.end}, ${body.turns} turns` };
    case "cell-gone":
      return {
        what: "cell",
        detail: body.proof.clean
          ? `cell ${body.cell} killed and proved gone`
          : `cell ${body.cell} killed, NOT proved gone: ${body.proof.left.join("; ")}`,
      };
    case "preflight":
    case "sterile":
    case "census":
    case "breach":
    case "emptied":
    case "quarantined":
    case "cleared":
    case "self-test":
      return containmentEntry(body);
    case "given":
    case "exchange":
    case "noticed":
    case "approval":
    case "intervened":
      return oversightEntry(body);
    case "sealed":
      return { what: "sealed", detail: `records sealed by key ${body.keyid}` };
    case "device-closed":
      return { what: "closed", detail: "no more records of this device" };
    case "attempt-ended":
      return {
        what: body.outcome === "completed" ? "run" : "fault",
        detail: `attempt ${body.outcome}${body.fault === undefined ? "" : `: ${body.fault}`}${body.detail === "" ? "" : ` (${body.detail})`}`,
      };
    case "part-ended":
      return { what: "fault", detail: `part ended unasked, ${body.fault}: ${body.detail}` };
    case "lost":
      return { what: "fault", detail: `lost with its daemon: ${body.detail}` };
  }
}

/** By the agent's own account. Its keys and values may be anything. */
function agentEntry(event: Readonly<Record<string, unknown>>): Told {
  const { event: kind, turn, tool } = event;
  const parts = [
    typeof turn === "number" ? `turn ${turn}` : "",
    typeof kind === "string" ? kind.slice(0, 100) : "event",
    typeof tool === "string" ? tool.slice(0, 100) : "",
  ];
  const detail = parts.filter((part) => part !== "").join(" ");
  return { what: kind === "claim" ? "claim" : "agent-step", detail };
}
