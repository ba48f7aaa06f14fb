import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  coordinatorEntry,
  daemonEnv,
  labInitEntry,
  nodeAgentEntry,
} from "../../../cli/dist/lab/lab-daemons.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { socketPlace } from "../../../cli/dist/lab/lab-socket.js";
import { chooseLabUser } from "../../../cli/dist/lab/lab-user.js";
import { natsVersion, readToolManifest, toolPath } from "../../../cli/dist/lab/tools.js";
import { loadStudy } from "../../../cli/dist/study-file/load-study.js";
import { studyText, Workplace } from "../kit/redline.ts";
import { CELL_HEARTBEAT_MS, PULSE_LIMIT_MS, type DrillName } from "./drill-names.ts";
import { drillEventSchema, type Repeat } from "./drill-report.ts";

const script = fileURLToPath(new URL("../../dist/drills/in-drill-lab.js", import.meta.url));
const HOSTS = ["alpha", "beta"];
/** With 20 attempts each: a blow costs one. */
const TRIALS = 10;

/**
 * Brings one lab up and does the drills in it; gives each repeat as it is over. All that was started ends with the generator.
 * @throws Error with the lab's own word and where its logs were when a cell stays, or the lab does not come back.
 */
export async function* runDrills(
  names: readonly DrillName[],
  repeats: number,
  onLine: (text: string) => void = () => undefined,
): AsyncGenerator<Repeat, void> {
  await using place = new Workplace();
  const text = studyText({
    behaviours: ["never-stops"],
    scenarios: ["cross-device"],
    limits: ", turns: 1000",
    extra: `trialsPerArm: ${TRIALS}\nmaxAttempts: 20`,
  }).replace("timeS: 30", "timeS: 600");
  const loaded = await loadStudy(await place.study(text));
  if (!loaded.ok) throw new Error(loaded.mistakes.map((mistake) => mistake.text).join("\n"));
  await mkdir(place.state);
  const specimenDirs = [join(place.dir, "specimens")];
  const tools = await readToolManifest();
  const setpriv = toolPath(tools, "setpriv");
  const natsServer = toolPath(tools, "nats-server");
  const readable = [
    process.execPath,
    script,
    labInitEntry,
    coordinatorEntry,
    nodeAgentEntry,
    natsServer,
    ...specimenDirs,
  ];
  const user = await chooseLabUser({ setpriv, stateDir: place.state, readable });
  if (user.why !== "") onLine(user.why);
  const socket = await socketPlace(place.state, user.uid);
  const unshare = toolPath(tools, "unshare");
  const plan: LabPlan = {
    stateDir: place.state,
    hosts: HOSTS,
    slots: 1,
    specimenDirs,
    socketPath: socket.path,
    natsServer,
    natsVersion: await natsVersion(natsServer),
    ip: toolPath(tools, "ip"),
    nft: toolPath(tools, "nft"),
    unshare,
    bash: toolPath(tools, "bash"),
    leaseMs: 3000,
    nodeSettings: {
      REDLINE_PULSE_LIMIT_MS: String(PULSE_LIMIT_MS),
      REDLINE_CELL_HEARTBEAT_MS: String(CELL_HEARTBEAT_MS),
    },
    logLevel: "info",
  };
  const study = {
    file: "drills.yaml",
    definition: loaded.study,
    specimens: loaded.specimens,
    scenarios: loaded.scenarios,
  };
  const told = join(place.dir, "drills.json");
  await writeFile(told, JSON.stringify({ plan, study, names, repeats }));
  const [program = setpriv, ...before] = user.asUser.length === 0 ? [setpriv] : user.asUser;
  const child = spawn(
    program,
    // prettier-ignore
    [...before, "--pdeathsig", "KILL", unshare, "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child",
      process.execPath, script, told],
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
      const event = drillEventSchema.parse(JSON.parse(line));
      if (event.event === "failed") throw new Error(`${event.text} (log level and state: ${place.state})`);
      if (event.event === "repeat") yield event;
      if (event.event === "done") return;
    }
    throw new Error(`the drills ended early: ${complaint.trim()}`);
  } finally {
    child.kill("SIGKILL");
    await ended;
    await socket.remove();
  }
}
