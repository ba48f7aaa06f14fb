import { spawn } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { openBrainRelays, relayParent } from "./brain-relays.ts";
import { readBrainUrl, type BrainUrl } from "./brain-url.ts";
import { coordinatorEntry, daemonEnv, labInitEntry, nodeAgentEntry } from "./lab-daemons.ts";
import { labEventSchema, STOP_LINE, type LabPlan } from "./lab-protocol.ts";
import { lockStateDir } from "./lab-lock.ts";
import { leftOf, type LabNamespaces } from "./lab-leftovers.ts";
import { socketParent, socketPlace } from "./lab-socket.ts";
import { chooseLabUser } from "./lab-user.ts";
import { natsVersion, readToolManifest, toolPath } from "./tools.ts";
import { userNamespaceProblem } from "./user-namespaces.ts";

/** The lab could not come up; the message says why and what helps. */
export class LabError extends Error {
  override readonly name = "LabError";
  /** True where the machine or its settings do not allow a lab: nothing was started, and no log says more. */
  readonly config: boolean;
  /** What to type or change, where the message does not say it. */
  readonly remedy: string | undefined;

  constructor(message: string, { config = false, remedy }: { config?: boolean; remedy?: string } = {}) {
    super(message);
    this.config = config;
    this.remedy = remedy;
  }
}

export interface LabOptions {
  /** Folder for journals, logs and the bus's store; made when missing. */
  readonly stateDir: string;
  /** Folders whose sub-folders are specimens. */
  readonly specimenDirs: readonly string[];
  readonly hosts?: readonly string[];
  /** Trials at once on a host. */
  readonly slots?: number;
  readonly leaseMs?: number;
  readonly logLevel?: string;
  /** Base URLs of model servers on this machine's loopback that the hosts may reach, and nothing else outside. */
  readonly brainUrls?: readonly string[];
  /** Called with a line of progress. */
  readonly onLine: (text: string) => void;
  /** Ends the coming up; a lab that is up is ended with `stop` or `kill`. */
  readonly signal?: AbortSignal;
}

export interface Lab {
  /** The coordinator's HTTP API as a socket file: it crosses network namespaces, no port is opened. */
  readonly socketPath: string;
  readonly stateDir: string;
  readonly hosts: readonly string[];
  /** Orderly end: daemons tear down, then everything goes. Says what is left, which must be nothing. */
  stop(): Promise<{ clean: boolean; left: string[] }>;
  /** Ends everything at once with SIGKILL. */
  kill(): void;
  /** `why` is the lab's own word on its end, empty when it was killed. */
  readonly ended: Promise<{ code: number | null; why: string }>;
}

export const LAB_HOSTS = ["alpha", "beta", "gamma"] as const;
const STOP_MS = 40_000;

/** What a lab hands on from its own environment to its node daemons. */
const HANDED_ON = [
  "REDLINE_SLOTS",
  "REDLINE_PULSE_LIMIT_MS",
  "REDLINE_CELL_HEARTBEAT_MS",
  "REDLINE_STERILE_AGAIN_MS",
  "REDLINE_SELF_TEST",
  "REDLINE_BRAIN_URLS",
] as const;
const nodeSettingsFrom = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(HANDED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/**
 * Brings up the rootless lab: one user namespace, in it hosts with their own PID, mount, UTS and
 * network namespaces on a bridge without an uplink, and a real nats-server, coordinator and node daemons.
 * All of it lives below one PID namespace whose init ends when this process does, however it ends.
 * @throws LabError
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  await mkdir(options.stateDir, { recursive: true });
  const lock = await lockStateDir(options.stateDir);
  if (lock === null)
    throw new LabError(`another run uses this state folder: ${options.stateDir}`, {
      config: true,
      remedy: "wait for its end, or name another folder with --state DIR",
    });
  try {
    const lab = await bringUp(options);
    return {
      ...lab,
      // Not before the socket and whatever else lies in the folder is gone.
      stop: () => lab.stop().finally(() => lock.release()),
      kill() {
        lab.kill();
        void lab.ended.then(() => lock.release());
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function bringUp(options: LabOptions): Promise<Lab> {
  const brains = readBrainUrls(options.brainUrls ?? []);
  const tools = await readToolManifest();
  const unshare = toolPath(tools, "unshare");
  const problem = userNamespaceProblem(unshare);
  if (problem !== null) throw new LabError(problem, { config: true });
  for (const entry of [labInitEntry, coordinatorEntry, nodeAgentEntry])
    await access(entry).catch(() => {
      throw new LabError(`${entry} is not built; run: npm run build`);
    });

  const hosts = options.hosts ?? LAB_HOSTS;
  const natsServer = toolPath(tools, "nats-server");
  const setpriv = toolPath(tools, "setpriv");
  const socketBelow = socketParent(options.stateDir);
  const readable = [
    process.execPath,
    labInitEntry,
    coordinatorEntry,
    nodeAgentEntry,
    natsServer,
    ...options.specimenDirs,
    ...(socketBelow === null ? [] : [socketBelow]),
    ...(brains.length === 0 ? [] : [relayParent()]),
  ];
  const user = await chooseLabUser({ setpriv, stateDir: options.stateDir, readable });
  if (user.why !== "") options.onLine(user.why);
  const version = await natsVersion(natsServer);
  const socket = await socketPlace(options.stateDir, user.uid);
  const outside = await openBrainRelays(brains, user.uid);
  const plan: LabPlan = {
    stateDir: options.stateDir,
    hosts: [...hosts],
    slots: options.slots ?? 2,
    specimenDirs: [...options.specimenDirs],
    socketPath: socket.path,
    natsServer,
    natsVersion: version,
    ip: toolPath(tools, "ip"),
    nft: toolPath(tools, "nft"),
    unshare,
    bash: toolPath(tools, "bash"),
    leaseMs: options.leaseMs ?? 6000,
    logLevel: options.logLevel ?? "info",
    nodeSettings: {
      ...nodeSettingsFrom(process.env),
      ...(brains.length === 0 ? {} : { REDLINE_BRAIN_URLS: brains.map(({ url }) => url).join(",") }),
    },
    brainRelays: [...outside.relays],
  };
  const [program = setpriv, ...before] = user.asUser.length === 0 ? [setpriv] : user.asUser;
  const child = spawn(
    program,
    // prettier-ignore
    [...before, "--pdeathsig", "KILL", unshare, "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child",
      process.execPath, labInitEntry, JSON.stringify(plan)],
    // Its own process group: Ctrl-C in a terminal must reach this command alone, which then ends the lab in order.
    { stdio: ["pipe", "pipe", "pipe"], detached: true, env: daemonEnv({}) },
  );
  let why = "";
  const ended = new Promise<{ code: number | null; why: string }>((resolve) => {
    child.once("error", (error) => resolve({ code: null, why: error.message }));
    child.once("exit", (code) => resolve({ code, why }));
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("utf8")).slice(-2000);
  });
  child.stdin.on("error", () => undefined);
  let namespaces: LabNamespaces | null = null;
  const kill = () => {
    child.kill("SIGKILL");
  };

  // However the lab ends, nothing outside of it goes on to lead to a model server.
  const closed = ended.then(() => outside.close());

  const abort = () => kill();
  options.signal?.addEventListener("abort", abort, { once: true });
  const up = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = labEventSchema.safeParse(parseJson(line));
      if (!event.success) return;
      if (event.data.event === "namespaces") namespaces = event.data;
      if (event.data.event === "step") options.onLine(event.data.text);
      if (event.data.event === "failed") {
        why = event.data.text;
        reject(new LabError(why));
      }
      if (event.data.event === "up") resolve();
    });
    void ended.then(({ code }) =>
      reject(
        new LabError(`the lab ended while it came up (exit code ${code ?? "none"}) ${complaint.trim()}`),
      ),
    );
  });
  try {
    if (options.signal?.aborted === true) kill();
    await up;
  } catch (error) {
    kill();
    await closed;
    await socket.remove();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }

  return {
    socketPath: socket.path,
    stateDir: options.stateDir,
    hosts,
    kill,
    ended,
    async stop() {
      const timer = setTimeout(kill, STOP_MS);
      child.stdin.write(STOP_LINE);
      await closed;
      clearTimeout(timer);
      await socket.remove();
      const left = namespaces === null ? [] : await leftOf(namespaces);
      return { clean: left.length === 0, left };
    },
  };
}

/** @throws LabError naming the first that a lab must not be led to. */
function readBrainUrls(urls: readonly string[]): BrainUrl[] {
  return urls.map((text) => {
    const read = readBrainUrl(text);
    if (!read.ok) throw new LabError(`--brain-url ${read.why}`, { config: true, remedy: read.remedy });
    return read.brain;
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
