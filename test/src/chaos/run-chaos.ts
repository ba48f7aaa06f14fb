import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  coordinatorEntry,
  daemonEnv,
  labInitEntry,
  nodeAgentEntry,
} from "../../../cli/dist/lab/lab-daemons.js";
import { LAB_ADDRESS } from "../../../cli/dist/lab/lab-network.js";
import type { LabPlan } from "../../../cli/dist/lab/lab-protocol.js";
import { socketPlace } from "../../../cli/dist/lab/lab-socket.js";
import { chooseLabUser } from "../../../cli/dist/lab/lab-user.js";
import { natsVersion, readToolManifest, toolPath } from "../../../cli/dist/lab/tools.js";
import { loadStudy } from "../../../cli/dist/study-file/load-study.js";
import { Workplace } from "../kit/redline.ts";
import { clocksDirOf } from "./chaos-lab.ts";
import { chaosEventSchema, type ChaosRun } from "./chaos-report.ts";
import { PROXY_PORT } from "./control-parts.ts";
import { CHAOS_HOSTS, CHAOS_STUDY, LEASE_MS, PULSE_LIMIT_MS } from "./chaos-study.ts";

const script = fileURLToPath(new URL("../../dist/chaos/in-chaos-lab.js", import.meta.url));
const clockShift = fileURLToPath(new URL("../../dist/chaos/clock-shift.js", import.meta.url));

export interface ChaosOptions {
  readonly seeds: readonly number[];
  /** In a lab with two coordinators. */
  readonly pair: boolean;
  /** Epoch ms after which no new run begins. */
  readonly until: number | null;
  readonly onLine?: (text: string) => void;
}

/**
 * Brings one lab up and plays the seeds in it until one differs; gives each run as it is over, the undisturbed one first. All that was started
 * ends with the generator; the state folder stays where a run differed, or the lab failed.
 * @throws Error with the lab's own word and where its state is, when the lab does not come up or does not end in order
 */
export async function* runChaos({
  seeds,
  pair,
  until,
  onLine,
}: ChaosOptions): AsyncGenerator<ChaosRun, void> {
  const place = new Workplace();
  let keep = true;
  try {
    const loaded = await loadStudy(await place.study(CHAOS_STUDY));
    if (!loaded.ok) throw new Error(loaded.mistakes.map((mistake) => mistake.text).join("\n"));
    await mkdir(place.state);
    const specimenDirs = [join(place.dir, "specimens")];
    const tools = await readToolManifest();
    const [setpriv, unshare, natsServer] = ["setpriv", "unshare", "nats-server"].map((name) =>
      toolPath(tools, name),
    );
    if (setpriv === undefined || unshare === undefined || natsServer === undefined)
      throw new Error("no tools");
    const readable = [
      ...[process.execPath, script, clockShift, labInitEntry, coordinatorEntry, nodeAgentEntry, natsServer],
      ...specimenDirs,
    ];
    const user = await chooseLabUser({ setpriv, stateDir: place.state, readable });
    if (user.why !== "") onLine?.(user.why);
    const socket = await socketPlace(place.state, user.uid);
    const stateDir = place.state;
    const withClock = {
      NODE_OPTIONS: `--import=${pathToFileURL(clockShift).href}`,
      CHAOS_CLOCKS: clocksDirOf({ stateDir }),
    };
    const plan: LabPlan = {
      stateDir,
      hosts: [...CHAOS_HOSTS],
      slots: 2,
      specimenDirs,
      socketPath: socket.path,
      natsServer,
      natsVersion: await natsVersion(natsServer),
      ip: toolPath(tools, "ip"),
      nft: toolPath(tools, "nft"),
      unshare,
      bash: toolPath(tools, "bash"),
      leaseMs: LEASE_MS,
      nodeSettings: {
        ...withClock,
        REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:${PROXY_PORT}`,
        REDLINE_PULSE_LIMIT_MS: String(PULSE_LIMIT_MS),
        REDLINE_CELL_HEARTBEAT_MS: "4500",
        REDLINE_STERILE_AGAIN_MS: "1000",
      },
      coordinatorSettings: {
        ...withClock,
        REDLINE_ACCEPT_MS: "8000",
        REDLINE_EVIDENCE_WAIT_MS: "10000",
        REDLINE_NODE_SILENT_MS: "6000",
      },
      logLevel: "info",
    };
    const study = {
      file: "chaos.yaml",
      definition: loaded.study,
      specimens: loaded.specimens,
      scenarios: loaded.scenarios,
    };
    const told = join(place.dir, "chaos.json");
    await writeFile(told, JSON.stringify({ plan, pair, study, seeds, until }));
    const [program = setpriv, ...before] = user.asUser.length === 0 ? [setpriv] : user.asUser;
    const child = spawn(
      program,
      // prettier-ignore
      [...before, "--pdeathsig", "KILL", unshare, "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child",
        process.execPath, script, told],
      { stdio: ["pipe", "pipe", "pipe"], env: daemonEnv({}) },
    );
    let complaint = "";
    child.stderr.on(
      "data",
      (chunk: Buffer) => (complaint = (complaint + chunk.toString("utf8")).slice(-2000)),
    );
    child.stdin.on("error", () => undefined);
    const ended = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("close", () => resolve());
    });
    let differed = false;
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const event = chaosEventSchema.parse(JSON.parse(line));
        if (event.event === "failed") throw new Error(`${event.text} (state: ${place.state})`);
        if (event.event === "run") {
          differed = event.problems.length > 0;
          yield event;
        }
        if (event.event === "done") {
          keep = false;
          return;
        }
      }
      if (!differed) throw new Error(`the lab ended early: ${complaint.trim()} (state: ${place.state})`);
      onLine?.(`state kept: ${place.state}`);
    } finally {
      child.kill("SIGKILL");
      await ended;
      await socket.remove();
    }
  } finally {
    if (!keep) await place[Symbol.asyncDispose]();
  }
}
