import { lookup } from "node:dns/promises";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ChallengeRequest, CopyRef, ChallengeResult, ReserveReply, RunOrder } from "@redline/shared";
import type { Brain } from "../brains/brain.ts";
import type { Bind, Cell, CellSpec } from "../cell/cell.ts";
import { startRelay, type Relay } from "../cell/link-relay.ts";
import { AttemptCancelled, AttemptFault, orFault } from "./attempt-fault.ts";
import type { ChallengedDevice } from "../challenge/challenged-device.ts";
import type { Instruments } from "../challenge/instruments.ts";
import { keyOf, serving } from "../challenge/serving.ts";
import { watchCopies } from "../challenge/watch-copies.ts";
import { checkGpus } from "../gpu/check-gpus.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import type { SpecimenStore } from "../inventory/specimen-store.ts";
import { brokerForCell, type CellBroker } from "./cell-broker.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { baseSpec } from "./cell-spec.ts";
import { CopyTalk } from "./copy-talk.ts";
import { holdsPort } from "./holds-port.ts";
import { layOutTarget } from "./lay-out-target.ts";
import { maskedTools } from "./masked-tools.ts";
import { engineTold } from "./of-obstacles.ts";
import { beginSterility, buildCell, endCell, type PartContext } from "./device-part.ts";
import { IN_CELL } from "./in-cell.ts";
import { Lifelines } from "./lifelines.ts";
import type { BrainWays } from "./ordered-brain.ts";
import { gpusInCells, type PartSterility } from "./part-sterility.ts";
import type { RunningPart } from "./registry.ts";
import type { showAlone } from "./show-cell.ts";
import { WayToOriginal } from "./way-to-original.ts";

type Reserved = Extract<ReserveReply, { ok: true }>;

export interface TargetDeps {
  readonly eyes: CellEyes;
  readonly instruments: Instruments;
  readonly specimens: Pick<SpecimenStore, "find">;
  /** Opens the brain of a chain's copy. */
  readonly openBrain: (order: RunOrder, ways: BrainWays) => Promise<Brain>;
  readonly cellsDir: string;
  /** Short path for sockets: a Unix socket's path holds 107 bytes. */
  readonly socketsDir: string;
  /** Address of this node on which the origin's daemon reaches the link. */
  readonly advertise: string;
  /** Pre-flight of the cell. */
  readonly show: typeof showAlone;
  readonly now: () => Date;
}

/**
 * The target's side of a cross-device attempt: an empty cell with the agent's key, watched from outside by this
 * daemon. `reserved` -> (challenge) -> `closed`; ends by release, cancel, or its own time limit, whichever is first.
 */
export class TargetPart {
  readonly #context: PartContext;
  readonly #deps: TargetDeps;
  readonly #part: RunningPart;
  #cell: Cell | null = null;
  #relay: Relay | null = null;
  #copies: ChallengedDevice | null = null;
  #broker: CellBroker | null = null;
  readonly #ending = new AbortController();
  #reserving: Promise<Reserved> | null = null;
  #challenge: Promise<unknown> = Promise.resolve();
  #cut: Promise<void> | null = null;
  #close: Promise<void> | null = null;
  /** Resolves when somebody asks for the end. */
  readonly closeAsked: Promise<void>;
  #closeAsked: () => void = () => undefined;
  #lifelines: Lifelines | null = null;
  #sterility: PartSterility | null = null;
  readonly #way = new WayToOriginal();
  readonly #talk: CopyTalk;
  #task: Promise<void> | null = null;

  constructor(context: PartContext, part: RunningPart, deps: TargetDeps) {
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#ending.signal]) };
    const { order, log } = context;
    this.#part = part;
    this.#deps = deps;
    this.#talk = new CopyTalk(order, (body) => log.write(body, order.key), log.keeperOf?.(order.key));
    this.closeAsked = new Promise((resolve) => {
      this.#closeAsked = resolve;
    });
  }

  /**
   * Builds the cell and its road, and takes the baseline. Once.
   * @param from address or name of the origin's node, from which alone the road is open
   */
  reserve(agentKey: string, from: string): Promise<Reserved> {
    this.#reserving ??= this.#build(agentKey, from);
    return this.#reserving;
  }

  async #build(agentKey: string, from: string): Promise<Reserved> {
    const { order, signal } = this.#context;
    this.#part.phase = "cell";
    await checkGpus(order, "target", { inCells: () => gpusInCells(this.#context.sterility) });
    const sterility = await beginSterility(this.#context);
    this.#sterility = sterility;
    const daemonKey = newEphemeralKey("redline-daemon");
    const spec = baseSpec({
      order,
      id: `${order.key.trial}-${order.key.attempt}-t`,
      hostname: "target",
      slot: this.#part.slot,
      cellsDir: this.#deps.cellsDir,
      keys: [daemonKey.publicKeyLine],
      agentKey: { line: agentKey, filesOnly: !order.condition.targetShell },
      now: this.#deps.now(),
    });
    // In a chain the copy has work to do: it gets a brain as the original has one, and its generation is judged by the same rungs.
    if (order.scenario.shape === "chain")
      this.#broker = await brokerForCell({
        order,
        brain: await this.#deps.openBrain(order, this.#waysOfCopy()),
        socketsDir: this.#deps.socketsDir,
        slot: this.#part.slot,
        talk: this.#talk,
        signal,
      });
    const whole: CellSpec = {
      ...spec,
      readOnlyBinds: [...spec.readOnlyBinds, ...this.#sharedWeights(), ...this.#maskedTools()],
      socketBinds: this.#broker?.binds ?? [],
      env: { ...spec.env, ...this.#broker?.env, ...engineTold(order) },
    };
    const cell = await buildCell(this.#context, whole);
    this.#cell = cell;
    sterility.add(cell, whole);
    // Before the road is there: nobody but this daemon can be in the cell.
    const walls = await layOutTarget(this.#context, cell, daemonKey.privateKey);
    await this.#deps.show(this.#context, { cell, spec: whole, allowed: null, walls }, daemonKey.privateKey);
    const relay = await orFault("cell-failed", async () =>
      startRelay({
        listen: { host: this.#deps.advertise, port: 0 },
        to: { host: cell.address, port: cell.sshPort },
        allowFrom: await addressesOf(from),
        signal,
      }),
    );
    this.#relay = relay;
    sterility.addListener(cell, { address: this.#deps.advertise, port: relay.port });
    const lifelines = new Lifelines(cell, relay);
    this.#lifelines = lifelines;
    // The origin asks nothing of this part while its agent runs: what ends here is told, and ends the part, now.
    lifelines.whenBroken((fault) => this.#part.cancel.abort(fault));
    const { eyes, instruments } = this.#deps;
    const context = this.#context;
    const copies = await watchCopies({ context, cell, eyes, instruments, lifelines, sameDevice: false });
    this.#copies = copies;
    this.#part.copies = () => copies.candidates;
    this.#part.phase = "watch";
    return { ok: true, host: this.#deps.advertise, port: relay.port, hostKey: cell.hostKey };
  }

  /** One step of the challenges; before the first, the road is cut. A step asked again gives the same answer. */
  challenge(request: ChallengeRequest): Promise<ChallengeResult> {
    this.#part.phase = "challenge";
    if (request.step.do === "replicate") this.#part.generation = 2;
    this.#cut ??= (async () => {
      this.#lifelines?.throwIfBroken();
      this.#lifelines?.cutRoad();
      await this.#relay?.close();
    })();
    const { step } = request;
    const taken = this.#cut.then(async () => {
      if (this.#copies === null) throw new AttemptFault("unexpected", "there is no cell to look at");
      if (step.do === "task" || step.do === "replicate") await (this.#task ??= this.#letAsk(step.copy));
      return this.#copies.take(request);
    });
    this.#challenge = taken.catch(() => undefined);
    return taken;
  }

  /** A brain of the copy's own is its model server, where that listens on the loopback; weights lie as on any node. */
  #waysOfCopy(): BrainWays {
    const { signal } = this.#context;
    const here = this.#specimen();
    const first = here?.specimen.weights[0];
    return {
      ask: this.#way.ask,
      signal,
      ...(here === null || first === undefined ? {} : { weightsFile: join(here.dir, first) }),
    };
  }

  /** The first task comes to a copy, and the agent of the first generation is cut off: from here on the cell may ask the brain. */
  async #letAsk(copy: CopyRef): Promise<void> {
    const { order, signal } = this.#context;
    const { eyes, instruments } = this.#deps;
    const [cell, port] = [this.#cell, copy.model];
    if (order.brain.provider === "self" && cell !== null) {
      const snapshot = await eyes.snapshot(cell, signal);
      const server = serving(snapshot, snapshot.listeners, port).map(keyOf);
      this.#way.lead(instruments.wayTo(cell, port), () => holdsPort(cell.initPid, port, server));
    }
    this.#talk.begin();
  }

  #specimen() {
    const { name, sha256 } = this.#context.order.specimen;
    return this.#deps.specimens.find(name, sha256);
  }

  #maskedTools(): Bind[] {
    const { order, driver } = this.#context;
    return maskedTools(order.scenario.obstacles, driver.name === "bubblewrap");
  }

  /** A model store that every machine sees, where the study wants one. */
  #sharedWeights(): Bind[] {
    const { specimen } = this.#context.order;
    if (specimen.weights !== "shared") return [];
    const here = this.#specimen();
    if (here === null)
      throw new AttemptFault("specimen-missing", "shared weights: the specimen is not on this node too");
    return here.specimen.weights.map((path) => ({
      from: join(here.dir, path),
      to: `${IN_CELL.sharedWeights}/${basename(path)}`,
    }));
  }

  /** Ends and proves; records that nothing more comes. Asked again, it gives the same answer. */
  close(): Promise<void> {
    this.#close ??= this.#end();
    this.#closeAsked();
    return this.#close;
  }

  async #end(): Promise<void> {
    this.#part.phase = "teardown";
    const { order, log, logger } = this.#context;
    // What is still being built or asked must be over first, or it would outlive this part.
    this.#lifelines?.letGo();
    this.#ending.abort(new AttemptCancelled("the attempt is over on the target"));
    await Promise.allSettled([this.#reserving, this.#challenge]);
    await this.#copies?.close();
    for (const step of [
      () => this.#relay?.close() ?? Promise.resolve(),
      () => this.#broker?.close() ?? Promise.resolve(),
      async () => {
        if (this.#cell !== null) await endCell(this.#context, this.#cell);
      },
      () =>
        rm(join(this.#deps.cellsDir, `${order.key.trial}-${order.key.attempt}-t`), {
          recursive: true,
          force: true,
        }),
      () => this.#sterility?.afterwards() ?? Promise.resolve(),
    ])
      try {
        await step();
      } catch (error) {
        logger.error({ err: error }, "teardown step failed");
      }
    await Promise.all([
      this.#context.sealer.seal(order.study, order.key, log),
      log.write({ kind: "device-closed", device: "target" }, order.key),
    ]);
  }
}

/** A node may be advertised by name; what a relay sees are addresses. */
async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
