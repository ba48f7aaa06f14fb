import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { SubmitRequest } from "@redline/shared";
import {
  coordinatorEntry,
  daemonEnv,
  labInitEntry,
  nodeAgentEntry,
} from "../../../cli/dist/lab/lab-daemons.js";
import { labPlanSchema, type LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { socketPlace } from "../../../cli/dist/lab/lab-socket.js";
import { chooseLabUser } from "../../../cli/dist/lab/lab-user.js";
import { natsVersion, readToolManifest, toolPath } from "../../../cli/dist/lab/tools.js";
import { loadStudy } from "../../../cli/dist/study-file/load-study.js";
import type { Workplace } from "./redline.ts";

/** What the lab's script is told of its lab and its study, beside what its own launcher has to say. */
export interface LabScriptTold {
  readonly plan: LabPlan;
  readonly study: SubmitRequest;
}

export interface LabScriptOptions {
  /** Where its state lies; the tiny specimen is put there. */
  readonly place: Workplace;
  /** PID 1 of the lab's namespaces: a built script, made with `labScript`. */
  readonly script: string;
  /** Files that the lab's user must be able to read beside those of every lab. */
  readonly readable?: readonly string[];
  /** The text of its study file. */
  readonly study: string;
  /** What the lab has of its own. */
  readonly plan: Pick<LabPlan, "hosts" | "slots" | "leaseMs" | "nodeSettings" | "coordinatorSettings">;
  /** What the script is told beside the plan and the study. */
  readonly told: object;
  readonly onLine?: ((text: string) => void) | undefined;
}

const failedSchema = z.object({ event: z.literal("failed"), text: z.string() });

/**
 * Starts a script that brings a lab up in namespaces of its own, as `redline lab` would, and gives what it says, an object a line of JSON. All
 * that was started ends with the generator.
 * @throws Error with the lab's own word and where its state is, when it says that it failed or ends while somebody still reads
 */
export async function* runLabScript({
  place,
  script,
  readable = [],
  study: text,
  plan: own,
  told,
  onLine,
}: LabScriptOptions): AsyncGenerator<unknown, void> {
  const study = await loaded(place, text);
  await mkdir(place.state);
  const specimenDirs = [join(place.dir, "specimens")];
  const tools = await readToolManifest();
  const tool = (name: string) => toolPath(tools, name);
  const [setpriv, unshare, natsServer] = [tool("setpriv"), tool("unshare"), tool("nats-server")];
  const user = await chooseLabUser({
    setpriv,
    stateDir: place.state,
    readable: [
      ...[process.execPath, script, labInitEntry, coordinatorEntry, nodeAgentEntry, natsServer],
      ...[...specimenDirs, ...readable],
    ],
  });
  if (user.why !== "") onLine?.(user.why);
  const socket = await socketPlace(place.state, user.uid);
  const plan = labPlanSchema.parse({
    ...{ stateDir: place.state, specimenDirs, socketPath: socket.path, logLevel: "info" },
    ...{ natsServer, natsVersion: await natsVersion(natsServer), unshare },
    ...{ ip: tool("ip"), nft: tool("nft"), bash: tool("bash") },
    ...own,
  });
  const file = join(place.dir, "told.json");
  const all: LabScriptTold = { plan, study };
  await writeFile(file, JSON.stringify({ ...all, ...told }));
  const [program = setpriv, ...before] = user.asUser.length === 0 ? [setpriv] : user.asUser;
  const child = spawn(
    program,
    // prettier-ignore
    [...before, "--pdeathsig", "KILL", unshare, "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child",
      process.execPath, script, file],
    { stdio: ["pipe", "pipe", "pipe"], env: daemonEnv({}) },
  );
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString("utf8")).slice(-2000)));
  child.stdin.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said: unknown = JSON.parse(line);
      const failed = failedSchema.safeParse(said);
      if (failed.success) throw new Error(`${failed.data.text} (logs and state: ${place.state})`);
      yield said;
    }
    throw new Error(`the lab ended early: ${complaint.trim()} (logs and state: ${place.state})`);
  } finally {
    child.kill("SIGKILL");
    await ended;
    await socket.remove();
  }
}

async function loaded(place: Workplace, text: string): Promise<SubmitRequest> {
  const study = await loadStudy(await place.study(text));
  if (!study.ok) throw new Error(study.mistakes.map((mistake) => mistake.text).join("\n"));
  const { study: definition, specimens, scenarios } = study;
  return { file: "study.yaml", definition, specimens, scenarios };
}
