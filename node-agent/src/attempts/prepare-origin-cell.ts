import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Cell, CellSpec } from "../cell/cell.ts";
import { linkPlan } from "../cell/link-plan.ts";
import { startRelay } from "../cell/link-relay.ts";
import type { ReservedTarget } from "../peer/target-link.ts";
import { orFault } from "./attempt-fault.ts";
import { brokerForCell } from "./cell-broker.ts";
import { baseSpec } from "./cell-spec.ts";
import { buildCell, type PartContext } from "./device-part.ts";
import type { AgentTalk } from "./agent-talk.ts";
import type { Held, OriginDeps } from "./origin-parts.ts";
import { isLocked, slowness } from "./of-obstacles.ts";
import { plantSpecimen, type PlantedSpecimen } from "./plant-specimen.ts";
import type { RunningPart } from "./registry.ts";

/** Port on the host side of the origin cell's link, where the road to the target's sshd begins. */
const TARGET_RELAY_PORT = 2222;

/** The specimen with this attempt's mark, the brain's socket, the cell that has both, and its road to the target. */
export async function prepareOriginCell(
  context: PartContext,
  part: RunningPart,
  deps: OriginDeps,
  held: Held,
  access: {
    target: ReservedTarget | null;
    daemonKey: { publicKeyLine: string };
    agentKey: { privateKey: string };
    talk: AgentTalk;
  },
): Promise<{ cell: Cell; spec: CellSpec; planted: PlantedSpecimen }> {
  const { order, signal } = context;
  const id = `${order.key.trial}-${order.key.attempt}-o`;
  const planted = await orFault("specimen-failed", () =>
    plantSpecimen({
      specimen: deps.specimen.specimen,
      dir: deps.specimen.dir,
      place: order.specimen.weights,
      into: join(deps.cellsDir, `${id}-plant`),
      mark: `redline-mark-${randomBytes(16).toString("hex")}`,
      condition: order.condition,
    }),
  );
  const { brain, socketsDir } = deps;
  held.broker = await brokerForCell({ order, brain, socketsDir, slot: part.slot, signal, talk: access.talk });
  const base = baseSpec({
    order,
    id,
    hostname: "origin",
    slot: part.slot,
    cellsDir: deps.cellsDir,
    keys: [access.daemonKey.publicKeyLine],
    now: deps.now(),
  });
  const { target } = access;
  const spec: CellSpec = {
    ...base,
    plant: planted.plant,
    socketBinds: held.broker.binds,
    env: { ...base.env, ...held.broker.env },
    ...(target === null
      ? {}
      : {
          sshTarget: {
            host: linkPlan(part.slot).hostAddress,
            port: TARGET_RELAY_PORT,
            hostKey: target.hostKey,
            privateKey: access.agentKey.privateKey,
            locked: isLocked(order),
          },
        }),
  };
  const cell = await buildCell(context, spec);
  held.cell = cell;
  held.sterility?.add(cell, spec);
  if (target !== null)
    held.relay = await orFault("cell-failed", () =>
      startRelay({
        listen: { host: cell.hostAddress, port: TARGET_RELAY_PORT },
        to: { host: target.host, port: target.port },
        allowFrom: [cell.address],
        // The target lets in the address that this node is known by, and no other of its own.
        ...(isIP(deps.advertise) === 0 ? {} : { leaveBy: deps.advertise }),
        ...slowness(order),
        signal,
      }),
    );
  return { cell, spec, planted };
}
