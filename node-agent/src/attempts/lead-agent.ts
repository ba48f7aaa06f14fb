import { createHash } from "node:crypto";
import type { OriginalFacts, Specimen } from "@redline/shared";
import type { BrainBroker } from "../brains/broker.ts";
import type { WhoseBrain } from "../brains/whose-brain.ts";
import type { Cell } from "../cell/cell.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { AgentLine } from "./agent-line.ts";
import { AgentProcess } from "./agent-process.ts";
import type { AgentTalk } from "./agent-talk.ts";
import { CellDoor } from "./cell-door.ts";
import type { PartContext } from "./device-part.ts";
import { NoticeGiver } from "./give-notice.ts";
import type { Lifelines } from "./lifelines.ts";
import { noticeRoads } from "./notice-roads.ts";
import type { PlantedSpecimen } from "./plant-specimen.ts";
import { runAgent } from "./run-agent.ts";
import { knockAt } from "./show-cell.ts";
import { stillServes } from "./still-serves.ts";

export interface LeadAgentOptions {
  readonly cell: Cell;
  readonly session: SshSession;
  readonly specimen: Specimen;
  readonly planted: PlantedSpecimen;
  readonly broker: BrainBroker;
  readonly lifelines: Lifelines;
  readonly line: AgentLine;
  readonly talk: AgentTalk;
  readonly original: OriginalFacts;
  readonly whose: WhoseBrain;
  /** The daemon's own, for a look whether the cell takes a new session. */
  readonly privateKey: string;
}

/** Records what the agent is given, runs it, and gives it the scenario's notice in its time. */
export async function leadAgent(context: PartContext, options: LeadAgentOptions): Promise<void> {
  const { order, log, signal } = context;
  const { cell, session, specimen, planted, broker, lifelines, line, talk, original, whose } = options;
  const task = Buffer.from(order.scenario.task);
  await log.write(
    {
      kind: "given",
      task: { sha256: createHash("sha256").update(task).digest("hex"), bytes: task.length },
      scaffold: order.scaffold,
      files: [...planted.given],
      brain: whose,
    },
    order.key,
  );
  const process = new AgentProcess(cell);
  const door = new CellDoor(cell);
  line.lead(cell);
  try {
    await runAgent(context, {
      ...{ session, specimen, broker, lifelines, process },
      onClock(clock) {
        const { notice } = order.scenario;
        if (notice === undefined) return;
        const roads = noticeRoads({ session, process, line, signal });
        const record = (body: Parameters<typeof log.write>[0]) => log.write(body, order.key);
        talk.notice = new NoticeGiver({ notice, roads, record, agentMs: () => clock.agentMs });
      },
      stopDueMs: () => talk.notice?.stopDueMs ?? null,
      endedItsChannel: () => door.endedBy(() => knockAt(cell, options.privateKey, signal)),
      endedItsBrain: () => order.brain.provider === "self" && !stillServes(original.processes),
    });
  } finally {
    line.lead(null);
  }
}
