import { accessSync, constants } from "node:fs";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { CellError } from "../cell/cell-error.ts";
import { TOOL_ENVIRONMENT } from "../cell/cell-tools.ts";
import { needTool, runTool } from "../cell/run-tool.ts";

export type EngineName = "podman" | "docker";

export interface EngineOptions {
  readonly engine: EngineName;
  /** Its absolute path; left out: looked for in the system's folders. */
  readonly enginePath?: string;
  /** Global options before every command, e.g. podman's `--root`, `--storage-driver`, `--runtime`, docker's `--host`. */
  readonly engineArguments?: readonly string[];
  /** HOME of its calls, for a daemon that may not use its user's own (a lab): podman keeps files there. Left out: not set. */
  readonly engineHome?: string;
}

/** The label that every container of ours carries, with the cell's id. */
export const LABEL = "redline.cell";

const ENV = "/usr/bin/env";
/** Storage of large images on a slow disk. */
const SLOW_MS = 60_000;
const versionLine = /(\d+\.\d+(?:\.\d+)?)/;
const dockerInfo = z.object({ SecurityOptions: z.array(z.string()).nullable(), DockerRootDir: z.string() });

/** The engine's command line: one call, one process. Its output is the engine's own word and trusted in form. */
export class Engine {
  readonly name: EngineName;
  readonly #path: string;
  readonly #arguments: readonly string[];
  readonly #home: Readonly<Record<string, string>>;

  /** @throws CellError "tool" when the program is not there. */
  constructor({ engine, enginePath, engineArguments = [], engineHome }: EngineOptions) {
    this.name = engine;
    const folders = ["/usr/bin", "/usr/local/bin", "/bin"];
    const choices = enginePath === undefined ? folders.map((folder) => join(folder, engine)) : [enginePath];
    const found = choices.find((path) => isAbsolute(path) && isExecutable(path));
    if (found === undefined)
      throw new CellError("tool", `${choices.join(", ")}: not found; install ${engine}`);
    this.#path = found;
    this.#arguments = engineArguments;
    this.#home = engineHome === undefined ? {} : { HOME: engineHome };
  }

  /** Command and arguments of one engine call, with only the environment it needs. */
  commandLine(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): [string, string[]] {
    const set = Object.entries({ ...TOOL_ENVIRONMENT, ...this.#home, ...environment }).map(
      ([name, value]) => `${name}=${value}`,
    );
    // env replaces itself by the engine: the process that is started is the engine's own.
    return [ENV, ["-i", ...set, this.#path, ...this.#arguments, ...args]];
  }

  /** Standard output. @throws CellError "tool" with what the engine said. */
  async need(args: readonly string[]): Promise<string> {
    const [path, rest] = this.commandLine(args);
    return needTool(path, rest, { timeoutMs: SLOW_MS });
  }

  async version(): Promise<string> {
    return versionLine.exec(await this.need(["--version"]))?.[1] ?? "?";
  }

  /** Podman's runtime, e.g. `crun`; what docker's daemon uses is its own matter. */
  async runtime(): Promise<string> {
    if (this.name === "docker") return "dockerd";
    return (await this.need(["info", "--format", "{{.Host.OCIRuntime.Name}}"])).trim();
  }

  /** Host pid of the container's PID 1. */
  async pidOf(container: string): Promise<number> {
    const text = await this.need(["container", "inspect", "--format", "{{.State.Pid}}", container]);
    const pid = Number(text.trim());
    if (!Number.isInteger(pid) || pid < 2) throw new CellError("start", `no process of ${container}`);
    return pid;
  }

  /** Names and ids of containers of ours that the engine still knows. */
  async ours(): Promise<{ id: string; name: string }[]> {
    const format = "{{.ID}} {{.Names}}";
    const text = await this.need([
      "ps",
      "-a",
      "--no-trunc",
      "--filter",
      `label=${LABEL}`,
      "--format",
      format,
    ]);
    return text.split("\n").flatMap((line) => {
      const [id, name] = line.trim().split(" ");
      return id === undefined || name === undefined || id === "" ? [] : [{ id, name }];
    });
  }

  /** Kills and removes a container. Not being there is no failure; `ours` says whether it is gone. */
  async remove(container: string): Promise<void> {
    const args = this.name === "podman" ? ["rm", "-f", "-i", "-t", "0", container] : ["rm", "-f", container];
    const [path, rest] = this.commandLine(args);
    await runTool(path, rest, { timeoutMs: SLOW_MS });
  }

  /**
   * First host uid of dockerd's mapping. Podman maps each container by itself.
   * @throws CellError "not-contained" when dockerd maps none: the cell would have no user namespace of its own.
   */
  async remappedBase(): Promise<number> {
    const { SecurityOptions, DockerRootDir } = dockerInfo.parse(
      JSON.parse(await this.need(["info", "--format", "{{json .}}"])),
    );
    const base = /\/(\d+)\.\d+$/.exec(DockerRootDir)?.[1];
    if (base === undefined || !(SecurityOptions ?? []).some((option) => option.includes("name=userns")))
      throw new CellError("not-contained", 'dockerd maps no user ids: set "userns-remap" in its daemon.json');
    return Number(base);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
