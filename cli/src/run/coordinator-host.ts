import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import type { LabPort } from "../lab-port.ts";
import { createApiClient, type Address, type ApiClient } from "../source/api-client.ts";
import { forgetLab, journalPath, newStateDir, noteLab } from "../source/state-folder.ts";

/** The coordinator that a run uses: one that is there, or that of a lab which the run brings up and ends. */
export interface CoordinatorHost {
  readonly client: ApiClient;
  readonly lab: LabPort | null;
  readonly stateDir: string | null;
  /** Aborts when the lab ends by itself. */
  readonly lost: AbortSignal;
}

export interface LabRequest {
  /** Name of the fresh state folder, where none is given. */
  readonly name: string;
  readonly state: string | undefined;
  readonly specimenDirs: readonly string[];
  /** Base URLs that the lab's hosts are led to. */
  readonly brainUrls?: readonly string[] | undefined;
  readonly onLine: (text: string) => void;
  readonly signal: AbortSignal;
}

const NEVER = new AbortController().signal;

export function remoteHost(address: Address): CoordinatorHost {
  return { client: createApiClient(address), lab: null, stateDir: null, lost: NEVER };
}

/** Brings a lab up on a state folder. @throws CliError with the lab's own reason. */
export async function labHost(
  context: Context,
  request: LabRequest,
): Promise<CoordinatorHost & { lab: LabPort }> {
  const { onLine, signal, brainUrls = [] } = request;
  const stateDir = await stateDirFor(context.cwd, request);
  const startLab = await context.loadLab();
  signal.throwIfAborted();
  const specimenDirs = [...new Set(request.specimenDirs.map((dir) => dirname(resolve(dir))))];
  let lab: LabPort;
  try {
    lab = await startLab({ stateDir, specimenDirs, brainUrls, onLine, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw labFailure(cause, stateDir);
  }
  await noteLab(stateDir, lab.socketPath);
  const lost = new AbortController();
  void lab.ended.then(({ code, why }) =>
    lost.abort(
      new CliError(
        EXIT.unexpected,
        `the lab ended by itself: ${why === "" ? `exit code ${code ?? "none"}` : why}`,
        {
          remedy: `look into the logs below ${stateDir}; the journal is at ${journalPath(stateDir)}`,
        },
      ),
    ),
  );
  return { client: createApiClient({ socketPath: lab.socketPath }), lab, stateDir, lost: lost.signal };
}

/** The state folder, made where it is missing. @throws CliError when it cannot be made. */
async function stateDirFor(cwd: string, { name, state }: LabRequest): Promise<string> {
  try {
    if (state === undefined) return await newStateDir(cwd, name, new Date());
    const dir = resolve(cwd, state);
    await mkdir(dir, { recursive: true });
    return dir;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.usage, `the state folder cannot be made: ${why}`, {
      remedy: "--state DIR, with a folder that can be written",
      cause,
    });
  }
}

/**
 * What a lab that did not come up is to people. Read by its fields and not by its class (`LabError`), since the lab
 * is loaded only where one is needed.
 */
function labFailure(cause: unknown, stateDir: string): CliError {
  if (!(cause instanceof Error)) return new CliError(EXIT.unexpected, String(cause), { cause });
  const own = "remedy" in cause && typeof cause.remedy === "string" ? { remedy: cause.remedy } : {};
  if ("config" in cause && cause.config === true)
    return new CliError(EXIT.usage, cause.message, { ...own, cause });
  const remedy = `look into the logs below ${stateDir}`;
  return new CliError(EXIT.unexpected, cause.message, { remedy, ...own, cause });
}

/** Ends a lab in order and says what is left. */
export async function endLab(host: CoordinatorHost): Promise<{ clean: boolean; left: readonly string[] }> {
  if (host.lab === null) return { clean: true, left: [] };
  const result = await host.lab.stop();
  if (host.stateDir !== null) await forgetLab(host.stateDir);
  return result;
}

/** Where the journal of a run lies, for people. */
export const journalOf = (host: CoordinatorHost) =>
  host.stateDir === null ? host.client.name : join(host.stateDir, "coordinator", "journal.jsonl");
