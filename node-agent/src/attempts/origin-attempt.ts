import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "@redline/daemon";
import type { Fault, SignedCommand, Specimen } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import { linkPlan } from "../cell/link-plan.ts";
import { startRelay, type Relay } from "../cell/link-relay.ts";
import { startBrainBroker, type BrainBroker } from "../brains/broker.ts";
import type { Brain } from "../brains/brain.ts";
import { connectSsh } from "../ssh/connect-ssh.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import type { ReservedTarget, TargetLink } from "../peer/target-link.ts";
import { AttemptCancelled, AttemptFault, orFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { baseSpec } from "./cell-spec.ts";
import { buildCell, endCell, timed, type PartContext } from "./device-part.ts";
import { DeviceWatch } from "./device-watch.ts";
import { IN_CELL } from "./in-cell.ts";
import { Lifelines } from "./lifelines.ts";
import { runAgent } from "./run-agent.ts";
import { startOriginal } from "./start-original.ts";
import { taskText } from "./task-text.ts";
import type { RunningPart } from "./registry.ts";

/** Port on the host side of the origin cell's link, where the road to the target's sshd begins. */
const TARGET_RELAY_PORT = 2222;

export interface OriginDeps {
  readonly eyes: CellEyes;
  readonly brain: Brain;
  readonly specimen: Specimen;
  readonly specimenDir: string;
  readonly cellsDir: string;
  /** Short path for sockets: a Unix socket's path holds 107 bytes. */
  readonly socketsDir: string;
  readonly signedOrder: SignedCommand;
  /** Null in a local trial. */
  readonly target: TargetLink | null;
  readonly now: () => Date;
}

/** Everything the attempt holds; each is ended by teardown whether or not the rest came up. */
interface Held {
  target: boolean;
  cell: Cell | null;
  relay: Relay | null;
  broker: BrainBroker | null;
  session: SshSession | null;
  watch: DeviceWatch | null;
  lifelines: Lifelines | null;
}

/**
 * One attempt, led by the origin's daemon:
 *
 *     cell -> ssh -> specimen -> run -> observe -> teardown
 *
 * A fault or a cancel at any step goes straight to teardown; teardown ends whatever there is, in an order that
 * cuts the agent's roads before anything else. Never rejects: how it ended is its last record.
 */
export async function runOriginAttempt(
  context: PartContext,
  part: RunningPart,
  deps: OriginDeps,
): Promise<void> {
  const held: Held = {
    target: false,
    cell: null,
    relay: null,
    broker: null,
    session: null,
    watch: null,
    lifelines: null,
  };
  let outcome: "completed" | "infra" | "cancelled" = "completed";
  let fault: Fault | undefined;
  let detail = "";
  try {
    await steps(context, part, deps, held);
  } catch (error) {
    const reason: unknown = context.signal.aborted ? context.signal.reason : error;
    outcome = reason instanceof AttemptCancelled ? "cancelled" : "infra";
    if (outcome === "infra") fault = reason instanceof AttemptFault ? reason.fault : "unexpected";
    detail = reason instanceof Error ? reason.message : String(reason);
    context.logger.warn({ err: error, fault, outcome }, "attempt did not complete");
  }
  part.phase = "teardown";
  const clean = await timed(context, "teardown", () => teardown(context, deps, held));
  if (!clean) {
    outcome = "infra";
    fault = "not-sterile";
    detail = `the cell on ${context.log.node} could not be proved gone; ${detail}`;
  }
  const { key } = context.order;
  await context.log.write(
    {
      kind: "attempt-ended",
      outcome,
      ...(fault === undefined ? {} : { fault }),
      detail: detail.slice(0, 1000),
    },
    key,
  );
  await context.log.write({ kind: "device-closed", device: "origin" }, key);
  if (deps.target === null) await context.log.write({ kind: "device-closed", device: "target" }, key);
}

async function steps(context: PartContext, part: RunningPart, deps: OriginDeps, held: Held): Promise<void> {
  const { order, signal } = context;
  const daemonKey = newEphemeralKey("redline-daemon");
  const agentKey = newEphemeralKey("redline-agent");
  const enter = (phase: string) => {
    part.phase = phase;
    signal.throwIfAborted();
  };

  enter("cell");
  const cell = await timed(context, "cell", async () => {
    // Even a reservation that nobody answered may have been made: release is asked in any case.
    held.target = deps.target !== null;
    const target = (await deps.target?.reserve(deps.signedOrder, agentKey.publicKeyLine, signal)) ?? null;
    return prepareCell(context, part, deps, held, { target, daemonKey, agentKey });
  });

  enter("ssh");
  const session = await timed(context, "ssh", () =>
    orFault("ssh-failed", () =>
      connectSsh({
        host: cell.address,
        port: cell.sshPort,
        username: "agent",
        privateKey: daemonKey.privateKey,
        hostKey: cell.hostKey,
        signal,
      }),
    ),
  );
  held.session = session;

  enter("specimen");
  await timed(context, "specimen", async () => {
    const write = await session.exec(`cat >${IN_CELL.taskFile}`, { signal, stdin: taskText(order.scenario) });
    if (write.code !== 0)
      throw new AttemptFault("ssh-failed", `the task could not be written: ${write.stderr.slice(0, 200)}`);
    await startOriginal(session, deps.specimen, signal);
  });
  const lifelines = new Lifelines(cell, held.relay);
  held.lifelines = lifelines;
  if (deps.target === null) {
    const { log } = context;
    const watch = new DeviceWatch({
      cell,
      eyes: deps.eyes,
      log,
      key: order.key,
      limits: order.limits,
      lifelines,
    });
    held.watch = watch;
    part.copies = () => watch.candidates;
    await watch.baseline(signal);
  }

  enter("run");
  const { broker } = held;
  if (broker === null) throw new AttemptFault("unexpected", "no broker");
  await timed(context, "run", () => runAgent(context, session, deps.specimen.ports, broker, lifelines));

  enter("observe");
  await timed(context, "observe", async () => {
    lifelines.cutRoad();
    await cutSessions(held);
    // The origin's own cell has done its part now, unless it is the target's as well.
    if (deps.target !== null)
      await deps.target.challenge(order.key, order.limits.settleS + order.limits.persistS, signal);
    else await held.watch?.challenge(signal);
  });
}

/** The broker's socket must be there before the cell that mounts it; the road to the target before the agent. */
async function prepareCell(
  context: PartContext,
  part: RunningPart,
  deps: OriginDeps,
  held: Held,
  access: {
    target: ReservedTarget | null;
    daemonKey: { publicKeyLine: string };
    agentKey: { privateKey: string };
  },
): Promise<Cell> {
  const { order, signal } = context;
  const id = `${order.key.trial}-${order.key.attempt}-o`;
  const socketDir = join(deps.socketsDir, `${part.slot}-${randomBytes(4).toString("hex")}`);
  await mkdir(socketDir, { recursive: true, mode: 0o711 });
  const token = randomBytes(24).toString("hex");
  held.broker = await orFault("brain-unreachable", () =>
    startBrainBroker({
      socketPath: join(socketDir, "brain.sock"),
      brain: deps.brain,
      token,
      maxRequests: order.limits.turns + 10,
      maxTokens: order.limits.tokens,
      signal,
    }),
  );
  const base = baseSpec({
    order,
    id,
    hostname: "origin",
    slot: part.slot,
    cellsDir: deps.cellsDir,
    keys: [access.daemonKey.publicKeyLine],
    now: deps.now(),
  });
  const cell = await buildCell(context, {
    ...base,
    plant: { from: deps.specimenDir, to: IN_CELL.system, weights: deps.specimen.weights },
    socketBinds: [{ from: join(socketDir, "brain.sock"), to: IN_CELL.brainSocket }],
    env: { ...base.env, REDLINE_BRAIN_TOKEN: token },
    ...(access.target === null
      ? {}
      : {
          sshTarget: {
            host: linkPlan(part.slot).hostAddress,
            port: TARGET_RELAY_PORT,
            hostKey: access.target.hostKey,
            privateKey: access.agentKey.privateKey,
          },
        }),
  });
  held.cell = cell;
  const { target } = access;
  if (target !== null)
    held.relay = await orFault("cell-failed", () =>
      startRelay({
        listen: { host: cell.hostAddress, port: TARGET_RELAY_PORT },
        to: { host: target.host, port: target.port },
        allowFrom: [cell.address],
        signal,
      }),
    );
  return cell;
}

/** The agent's roads: its SSH channel from the daemon, and the link to the target. Nothing it left may use them. */
async function cutSessions(held: Held): Promise<void> {
  await held.session?.close();
  await held.relay?.close();
}

/** Runs all of it, whatever failed before; true when every cell of this node was proved gone. */
async function teardown(context: PartContext, deps: OriginDeps, held: Held): Promise<boolean> {
  const { logger, order } = context;
  held.lifelines?.letGo();
  held.watch?.close();
  const attempt = async (name: string, step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      logger.error({ err: error, step: name }, "teardown step failed");
    }
  };
  await attempt("sessions", () => cutSessions(held));
  let clean = true;
  await Promise.all([
    attempt("cell", async () => {
      clean = false;
      clean = held.cell === null || (await endCell(context, held.cell));
    }),
    attempt("target", async () => {
      if (held.target) await deps.target?.release(order.key);
    }),
    attempt("broker", async () => held.broker?.[Symbol.asyncDispose]()),
  ]);
  await attempt("files", () =>
    rm(join(deps.cellsDir, `${order.key.trial}-${order.key.attempt}-o`), { recursive: true, force: true }),
  );
  // A turn of the loop, so that sockets closed above are gone before the attempt says so.
  await pause(0);
  return clean;
}
