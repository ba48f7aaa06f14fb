import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { coordinatorRecordSchema, type CoordinatorRecord, type StudyId } from "@redline/shared";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { until } from "../kit/until.ts";
import { SimNode, type SimNodeOptions } from "../scale/sim-node.ts";
import { SIM_SHA, submitSimStudies } from "../scale/sim-study.ts";

/** Longer than what says that a study ended. */
const TAIL_CHARS = 200;

const nodesSchema = z.object({ nodes: z.array(z.unknown()) });

export interface DispatchLab extends AsyncDisposable {
  readonly coordinator: CoordinatorProcess;
  readonly node: SimNode;
  /** Submits so many trials, waits for the end of their study, and gives what the journal got meanwhile. */
  run(trials: number): Promise<CoordinatorRecord[]>;
}

/** The real coordinator, with its journal on disk, and one node daemon without cells, on a server that runs. */
export async function startDispatchLab(
  url: string,
  options: Pick<SimNodeOptions, "slots" | "workMs" | "onStarted">,
): Promise<DispatchLab> {
  const dir = await mkdtemp(join(tmpdir(), "redline-dispatch-"));
  const coordinator = await CoordinatorProcess.create({
    ...{ REDLINE_NATS_URLS: url, REDLINE_NODES: "n1", REDLINE_LOG_LEVEL: "warn" },
  });
  let node: SimNode | null = null;
  const end = async () => {
    await node?.[Symbol.asyncDispose]();
    await coordinator[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await coordinator.start();
    const publicKey = await coordinator.publicKey();
    node = await SimNode.start({
      ...{ node: "n1", url, publicKey, dir, specimenSha256: SIM_SHA, beatMs: 5000 },
      ...options,
    });
    await until("node seen", async () => {
      const { nodes } = nodesSchema.parse(JSON.parse((await coordinator.get("/api/nodes")).text));
      return nodes.length === 1;
    });
  } catch (error) {
    process.stderr.write(coordinator.said);
    await end();
    throw error;
  }
  const journal = new JournalTail(join(coordinator.dir, "journal.jsonl"));
  return {
    coordinator,
    node,
    async run(trials) {
      const [study] = await submitSimStudies(coordinator, trials);
      if (study === undefined) throw new Error("no study");
      return journal.untilEnded(study);
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Reads on in the journal's file: to ask the coordinator would be work for what is measured. */
class JournalTail {
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async untilEnded(study: StudyId): Promise<CoordinatorRecord[]> {
    // Looked at once, piece by piece: to read all of it again and again would be work beside what is measured.
    const pieces: string[] = [];
    let tail = "";
    await until(
      `study ${study} ended`,
      async () => {
        const more = await this.#more();
        pieces.push(more);
        tail = tail.slice(-TAIL_CHARS) + more;
        return tail.includes(`"kind":"study-ended","study":"${study}"`) && tail.endsWith("\n");
      },
      300_000,
    );
    return pieces
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => coordinatorRecordSchema.parse(JSON.parse(line)));
  }

  async #more(): Promise<string> {
    const file = await open(this.#path, "r");
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(size - this.#offset);
      await file.read(bytes, 0, bytes.length, this.#offset);
      this.#offset = size;
      return bytes.toString("utf8");
    } finally {
      await file.close();
    }
  }
}
