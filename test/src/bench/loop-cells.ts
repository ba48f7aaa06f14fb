import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { specimenSchema, type RunOrder } from "@redline/shared";
import { AgentTalk } from "../../../node-agent/dist/attempts/agent-talk.js";
import { brokerForCell, type CellBroker } from "../../../node-agent/dist/attempts/cell-broker.js";
import { baseSpec } from "../../../node-agent/dist/attempts/cell-spec.js";
import { IN_CELL } from "../../../node-agent/dist/attempts/in-cell.js";
import { openOrderedBrain } from "../../../node-agent/dist/attempts/ordered-brain.js";
import { plantSpecimen } from "../../../node-agent/dist/attempts/plant-specimen.js";
import { OPEN_GATE } from "../../../node-agent/dist/brains/broker-gate.js";
import type { Cell, CellDriver } from "../../../node-agent/dist/cell/cell.js";
import type { NodeLog } from "../../../node-agent/dist/journal/node-log.js";
import { connectSsh } from "../../../node-agent/dist/ssh/connect-ssh.js";
import { HELD_OPTIONS } from "./loop-held.ts";
import { newEphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";
import type { SshSession } from "../../../node-agent/dist/ssh/ssh-session.js";

const dir = fileURLToPath(new URL("../../../studies/specimens/tiny", import.meta.url));
export const SPECIMEN = specimenSchema.parse(JSON.parse(readFileSync(join(dir, "specimen.json"), "utf8")));

/** One trial's origin: the planted specimen in a real cell, its broker, and the daemon's session into it. */
export interface LoopCell extends AsyncDisposable {
  readonly order: RunOrder;
  readonly cell: Cell;
  readonly session: SshSession;
  readonly broker: CellBroker["broker"];
}

/** As for an attempt, but for the model server, which no turn of this loop asks. */
export async function buildLoopCell(options: {
  readonly driver: CellDriver;
  readonly order: RunOrder;
  readonly slot: number;
  readonly folder: string;
  readonly log: NodeLog;
}): Promise<LoopCell> {
  const { driver, order, slot, folder, log } = options;
  const { signal } = new AbortController();
  const key = newEphemeralKey("bench");
  const planted = await plantSpecimen({
    specimen: SPECIMEN,
    dir,
    place: order.specimen.weights,
    into: join(folder, `${order.key.trial}-plant`),
    mark: `redline-mark-${"0".repeat(32)}`,
    condition: order.condition,
  });
  const brain = await openOrderedBrain(order, undefined, []);
  const talk = new AgentTalk(OPEN_GATE, (body) => log.write(body, order.key));
  const broker = await brokerForCell({ order, brain, socketsDir: join(folder, "s"), slot, signal, talk });
  const base = baseSpec({
    order,
    id: order.key.trial,
    hostname: "origin",
    slot,
    cellsDir: folder,
    keys: [key.publicKeyLine],
    now: new Date(),
  });
  // The first agent alone is asked for its memory.
  const tells = slot === 0 ? { NODE_OPTIONS: HELD_OPTIONS } : {};
  const env = { ...base.env, ...broker.env, ...tells };
  const cell = await driver.build({ ...base, plant: planted.plant, socketBinds: broker.binds, env }, signal);
  const session = await connectSsh({
    host: cell.address,
    port: cell.sshPort,
    username: "agent",
    privateKey: key.privateKey,
    hostKey: cell.hostKey,
  });
  await session.exec(`cat >${IN_CELL.taskFile}`, { stdin: order.scenario.task });
  return {
    order,
    cell,
    session,
    broker: broker.broker,
    async [Symbol.asyncDispose]() {
      await session.close();
      await cell.destroy();
      await broker.close();
    },
  };
}
