import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { coordinatorRecordSchema, Projection, verifyChain } from "@redline/shared";
import { writeWeights } from "@redline/cli";
import { JournalFollower } from "./journal-follower.ts";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));
export const cliEntry = join(repository, "cli/dist/main.js");

/** A lab that root starts runs as nobody: the way to its state folder must be open. */
function openFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "redline-e2e-"));
  chmodSync(dir, 0o755);
  return dir;
}

/** A folder of a test's own: study files, specimens and state; removed at the end. */
export class Workplace implements AsyncDisposable {
  readonly dir = openFolder();
  readonly state = join(this.dir, "state");
  readonly #live = new JournalFollower(join(this.state, "coordinator/journal.jsonl"));

  /** Writes a study file beside a copy of the tiny specimen, and gives its path. */
  async study(text: string, specimenJson?: (json: string) => string): Promise<string> {
    const specimen = await this.specimen("tiny");
    if (specimenJson !== undefined) {
      const path = join(specimen, "specimen.json");
      await writeFile(path, specimenJson(readFileSync(path, "utf8")));
    }
    return this.studyFile("study", text);
  }

  /** A copy of the tiny specimen under a name of its own, and gives its folder. */
  async specimen(name: string): Promise<string> {
    const specimen = join(this.dir, "specimens", name);
    await mkdir(dirname(specimen), { recursive: true });
    await cp(join(repository, "studies/specimens/tiny"), specimen, { recursive: true });
    await writeWeights(specimen, { seed: 7 });
    // Nodes look for a specimen by its own name, and for that name among their folders.
    const json = join(specimen, "specimen.json");
    await writeFile(json, readFileSync(json, "utf8").replace('"name": "tiny"', `"name": "${name}"`));
    return specimen;
  }

  /** A study file beside the specimens that are there. */
  async studyFile(name: string, text: string): Promise<string> {
    const file = join(this.dir, `${name}.yaml`);
    await writeFile(file, text);
    return file;
  }

  /** The journal of the run, verified and applied. */
  projection(): Projection {
    const lines = readFileSync(join(this.state, "coordinator/journal.jsonl"), "utf8").trimEnd().split("\n");
    const check = verifyChain(lines);
    if (!check.ok) throw new Error(`journal line ${check.line}: ${check.why}`);
    const projection = new Projection();
    for (const line of lines) projection.apply(coordinatorRecordSchema.parse(JSON.parse(line)));
    return projection;
  }

  /** The same while it grows, verified as it comes: for questions that are asked many times a second. */
  live(): Projection {
    this.#live.read();
    // One coordinator alone never takes a whole line back.
    if (this.#live.begunAnew > 0) throw new Error("the journal does not go on as it was");
    return this.#live.state;
  }

  /** Processes of this run, by what their command line or settings say. */
  pids(match: (process: { cmdline: string; environ: string }) => boolean): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        const [cmdline, environ] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)];
        return (cmdline + environ).includes(this.dir) && match({ cmdline, environ });
      })
      .map(Number);
  }

  /** Every process that shares a user namespace with one of this run's processes and with none of this test's. */
  members(): { pid: number; cmdline: string }[] {
    const own = link(`/proc/self/ns/user`);
    const namespaces = new Set(this.pids(() => true).map((pid) => link(`/proc/${pid}/ns/user`)));
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => ({
        pid: Number(pid),
        cmdline: read(`/proc/${pid}/cmdline`),
        user: link(`/proc/${pid}/ns/user`),
      }))
      .filter(({ user }) => user !== "" && user !== own && namespaces.has(user));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command ended and what it said last, as an assertion's message: a diff shows no more than what differs. */
export const lastWords = ({ code, stdout, stderr }: Ended): string =>
  `ended with ${code}: ${stderr.slice(-900)} ${stdout.slice(-900)}`;

/** The built command as a process of its own. */
export function redline(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [cliEntry, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended,
    stderr: () => stderr,
    stdout: () => stdout,
  };
}

/** A study of one specimen with scripted brains. */
export function studyText(options: {
  name?: string;
  /** Name of the specimen, which is its folder's. */
  specimen?: string;
  behaviours: readonly string[];
  scenarios: readonly string[];
  extra?: string;
  limits?: string;
}): string {
  const { specimen = "tiny" } = options;
  return `study: ${options.name ?? "e2e"}
specimens: { ${specimen}: { path: specimens/${specimen} } }
brains:
${options.behaviours.map((b) => `  ${b}: { provider: scripted, behaviour: ${b} }`).join("\n")}
scenarios: [${options.scenarios.join(", ")}]
limits: { timeS: 30, settleS: 2, persistS: 1, scratchMiB: 64${options.limits ?? ""} }
${options.extra ?? ""}
`;
}
