import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "@redline/daemon";
import type { Fault } from "@redline/shared";
import { watchCopies } from "../challenge/watch-copies.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { openOversight } from "../oversight/oversight.ts";
import { AgentLine } from "./agent-line.ts";
import { AgentTalk } from "./agent-talk.ts";
import { AttemptCancelled, AttemptFault, faultOf } from "./attempt-fault.ts";
import { bringUpOriginal } from "./bring-up-original.ts";
import { challengeCopies } from "./challenge-copies.ts";
import { beginSterility, endCell, timed, type PartContext } from "./device-part.ts";
import { newKeyForTarget } from "./key-for-target.ts";
import { holdsPort } from "./holds-port.ts";
import { layOutOrigin, layObstaclesOfOrigin } from "./lay-out-origin.ts";
import { leadAgent } from "./lead-agent.ts";
import { Lifelines } from "./lifelines.ts";
import type { Held, OriginDeps } from "./origin-parts.ts";
import { prepareOriginCell } from "./prepare-origin-cell.ts";
import type { RunningPart } from "./registry.ts";
import { sessionInto, showCell } from "./show-cell.ts";

/**
 * One attempt, led by the origin's daemon:
 *
 *     calibrate -> cell -> ssh -> preflight -> specimen -> run -> observe -> teardown
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
    watched: new AbortController(),
    road: null,
    cell: null,
    relay: null,
    broker: null,
    session: null,
    copies: null,
    lifelines: null,
    sterility: null,
  };
  let outcome: "completed" | "infra" | "cancelled" = "completed";
  let fault: Fault | undefined;
  let detail = "";
  try {
    await steps(context, part, deps, held);
  } catch (error) {
    const reason: unknown = context.signal.aborted ? context.signal.reason : error;
    outcome = reason instanceof AttemptCancelled ? "cancelled" : "infra";
    if (outcome === "infra") fault = faultOf(reason);
    detail = reason instanceof Error ? reason.message : String(reason);
    context.logger.warn({ err: error, fault, outcome }, "attempt did not complete");
  }
  part.phase = "teardown";
  part.intervene = null;
  const clean = await timed(context, "teardown", () => teardown(context, deps, held));
  if (!clean) {
    outcome = "infra";
    fault = "not-sterile";
    detail = `${context.log.node} could not be proved clean; ${detail}`;
  }
  const { key, study } = context.order;
  const { log, sealer } = context;
  // In this order, and in one write of the disk.
  await Promise.all([
    log.write(
      {
        kind: "attempt-ended",
        outcome,
        ...(fault === undefined ? {} : { fault }),
        detail: detail.slice(0, 1000),
      },
      key,
    ),
    sealer.seal(study, key, log),
    log.write({ kind: "device-closed", device: "origin" }, key),
    ...(deps.target === null ? [log.write({ kind: "device-closed", device: "target" }, key)] : []),
  ]);
}

async function steps(context: PartContext, part: RunningPart, deps: OriginDeps, held: Held): Promise<void> {
  const { order, log, signal } = context;
  const { specimen } = deps.specimen;
  const daemonKey = newEphemeralKey("redline-daemon");
  const agentKey = newKeyForTarget(order);
  const line = new AgentLine(deps.instruments, specimen, signal);
  const oversight = openOversight({ order, log, signal, deliver: line.deliver, running: line.open });
  const talk = new AgentTalk(oversight.gate, (body) => log.write(body, order.key), log.keeperOf?.(order.key));
  part.intervene = (act) => oversight.intervene(act);
  const enter = (phase: string) => {
    part.phase = phase;
    signal.throwIfAborted();
  };

  // Measured once for a specimen; before the original is up, so that the machine never holds two models.
  enter("calibrate");
  const calibration = deps.facts.calibration(deps.specimen, context);
  await timed(context, "calibrate", () => calibration.catch(onlyUncalibrated));

  enter("cell");
  const { cell, spec, planted } = await timed(context, "cell", async () => {
    // Even a reservation that nobody answered may have been made: release is asked in any case.
    held.sterility = await beginSterility(context);
    held.target = deps.target !== null;
    const target =
      (await deps.target?.reserve(deps.signedOrder, agentKey.publicKeyLine, deps.advertise, signal)) ?? null;
    // A run may take an hour, in which nothing is asked of the target.
    const gone = (fault: AttemptFault) => {
      // There is nothing to release any more, and to ask a daemon that is dead would hold the end up.
      held.target = false;
      part.cancel.abort(fault);
    };
    held.road = target;
    if (target !== null) void deps.target?.watch(order.key, () => held.road, gone, held.watched.signal);
    return prepareOriginCell(context, part, deps, held, { target, daemonKey, agentKey, talk });
  });

  enter("ssh");
  const session = await timed(context, "ssh", () => sessionInto(cell, daemonKey.privateKey, signal));
  held.session = session;

  enter("preflight");
  const { sshTarget = null } = spec;
  await timed(context, "preflight", () => showCell(context, { cell, spec, session, allowed: sshTarget }));

  enter("specimen");
  const original = await timed(context, "specimen", async () => {
    await layOutOrigin(context, session, agentKey.passphrase);
    const side = await bringUpOriginal(context, deps, { cell, session, planted, calibration });
    await layObstaclesOfOrigin(context, session);
    return side;
  });
  const { model } = specimen.ports;
  const itself = () => holdsPort(cell.initPid, model, original.facts.processes);
  deps.way.lead(deps.instruments.wayTo(cell, model), itself);
  const lifelines = new Lifelines(cell, held.relay);
  held.lifelines = lifelines;
  if (deps.target === null) {
    const { eyes, instruments } = deps;
    const copies = await watchCopies({ context, cell, eyes, instruments, lifelines, sameDevice: true });
    held.copies = copies;
    part.copies = () => copies.candidates;
  }

  enter("run");
  const { broker } = held;
  if (broker === null) throw new AttemptFault("unexpected", "no broker");
  await timed(context, "run", () =>
    leadAgent(context, {
      ...{ cell, session, specimen, planted, lifelines, line, talk },
      broker: broker.broker,
      original: original.facts,
      whose: deps.whose,
      privateKey: daemonKey.privateKey,
    }),
  );

  enter("observe");
  await timed(context, "observe", async () => {
    lifelines.cutRoad();
    held.road = null;
    // Without its original a copy cannot be told from a forwarder: what is left to ask would end in no verdict, and no second attempt.
    lifelines.whenBroken((fault) => part.cancel.abort(fault));
    await cutSessions(held);
    await challengeCopies(context, original, deps.target ?? held.copies);
    lifelines.throwIfBroken();
  });
}

/** Without a calibration rung 5 is not tested, and says why; a calibration's cell that may still be there is worse than that. */
function onlyUncalibrated(error: unknown): void {
  if (error instanceof AttemptFault && error.fault === "not-sterile") throw error;
}

/** The agent's roads: its SSH channel from the daemon, and the link to the target. Nothing it left may use them. */
async function cutSessions(held: Held): Promise<void> {
  await held.session?.close();
  await held.relay?.close();
}

/** Runs all of it, whatever failed before; true when every cell of this node was proved gone, and the node as clean as it was. */
async function teardown(context: PartContext, deps: OriginDeps, held: Held): Promise<boolean> {
  const { logger, order } = context;
  held.lifelines?.letGo();
  held.watched.abort();
  const attempt = async (name: string, step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      logger.error({ err: error, step: name }, "teardown step failed");
    }
  };
  await attempt("watch", async () => held.copies?.close());
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
    attempt("broker", async () => held.broker?.close()),
  ]);
  const name = `${order.key.trial}-${order.key.attempt}-o`;
  for (const folder of [name, `${name}-plant`])
    await attempt("files", () => rm(join(deps.cellsDir, folder), { recursive: true, force: true }));
  // A turn of the loop, so that sockets closed above are gone before the attempt says so.
  await pause(0);
  await attempt("sterility", async () => {
    const sterile = await held.sterility?.afterwards();
    clean &&= sterile !== false;
  });
  return clean;
}
