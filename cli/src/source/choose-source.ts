import { readFileSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { isLoopback } from "@redline/daemon";
import { CliError, EXIT } from "../exit-codes.ts";
import { createApiClient, type Address, type ApiClient } from "./api-client.ts";
import { JournalState } from "./journal-state.ts";
import { RecordChecks } from "./record-checks.ts";
import { journalPath, latestStateDir, runningLab } from "./state-folder.ts";

/** Options that say where the data is. */
export interface SourceOptions {
  readonly url?: string | undefined;
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
  /** File with the token for `url`. */
  readonly tokenFile?: string | undefined;
  /** Sends the token to another machine without TLS as well. */
  readonly insecureToken?: boolean | undefined;
}

/** What a reading command shows: the journal as state, and from where. */
export interface Loaded {
  readonly state: JournalState;
  /** For people: a URL, a socket or the journal's file. */
  readonly source: string;
  /** The time that idle times are counted to: now where the coordinator answers, else that of the last record. */
  readonly asOf: Date;
  /** What of the file's end was not a whole line; empty for a live source. */
  readonly torn: string;
  /** What of a journal on disk does not hold beyond its own chain, in words; null for a live source, which is not checked. */
  readonly doubt: string | null;
}

/** The coordinator that options name, or null where they name none. */
export function addressOf(options: SourceOptions): Address | null {
  const given = [options.url, options.socket, options.state].filter((x) => x !== undefined).length;
  if (given > 1) throw new CliError(EXIT.usage, "give one of --url, --socket and --state, not several");
  if (options.socket !== undefined) return { socketPath: resolve(options.socket) };
  if (options.url === undefined) return null;
  const urls = options.url.split(",").map((url) => url.trim());
  for (const one of urls)
    if (!URL.canParse(one) || !/^https?:$/.test(new URL(one).protocol))
      throw new CliError(
        EXIT.usage,
        `--url: expected an http:// or https:// URL, or those of a pair, comma separated, got "${options.url}"`,
      );
  const { tokenFile } = options;
  if (tokenFile === undefined) return { url: options.url };
  const open = urls.map((one) => new URL(one)).find(isOpen);
  if (open !== undefined && options.insecureToken !== true)
    throw new CliError(
      EXIT.usage,
      `the token would cross the network to ${open.host} readable for anybody on the way`,
      {
        remedy:
          "use an https:// URL of a proxy that speaks TLS, or a tunnel " +
          "(ssh -L 8770:127.0.0.1:8770 HOST, then --url http://127.0.0.1:8770); --insecure-token sends it all the same",
      },
    );
  return { url: options.url, token: tokenIn(tokenFile) };
}

/** Whether what is sent there leaves this machine without TLS. */
const isOpen = ({ protocol, hostname }: URL) => protocol === "http:" && !isLoopback(hostname);

/** Somebody else on this machine can read it. */
const OPEN_MODE = 0o044;

function tokenIn(path: string): string {
  let token: string;
  let mode: number;
  try {
    ({ mode } = statSync(resolve(path)));
    token = readFileSync(resolve(path), "utf8").trim();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `--token-file: ${said}`, { cause: error });
  }
  if ((mode & OPEN_MODE) !== 0)
    throw new CliError(EXIT.usage, `--token-file: others on this machine may read ${path}`, {
      remedy: `chmod 600 ${path}; where others had the time to read it, remove the token with \`redline token remove\` and add another`,
    });
  if (!/^[\w-]{1,200}$/.test(token))
    throw new CliError(EXIT.usage, `--token-file: ${path} holds no token`, {
      remedy: "it is the one line that `redline token add` printed",
    });
  return token;
}

/** The live coordinator of options, or of the lab that runs on the state folder. */
export async function liveClient(options: SourceOptions, cwd: string): Promise<ApiClient> {
  const client = await clientIfUp(options, cwd);
  if (client !== null) return client;
  const dir = await stateDirOf(options, cwd);
  throw new CliError(EXIT.unreachable, `no lab runs ${dir === null ? "here" : `on ${dir}`}`, {
    remedy: "name the coordinator with --url or --socket, or start a lab with `redline lab`",
  });
}

/** The coordinator that is named, or that of the lab which runs on the state folder; null where none runs. */
export async function clientIfUp(options: SourceOptions, cwd: string): Promise<ApiClient | null> {
  const address = addressOf(options);
  if (address !== null) return createApiClient(address);
  const dir = await stateDirOf(options, cwd);
  const socketPath = dir === null ? null : await runningLab(dir);
  return socketPath === null ? null : createApiClient({ socketPath });
}

/** Reads the whole journal, from the coordinator where one is named and from disk otherwise. */
export async function loadState(options: SourceOptions, cwd: string): Promise<Loaded> {
  const address = addressOf(options);
  if (address !== null) {
    const state = new JournalState();
    const client = createApiClient(address);
    for (;;) {
      const { lines, head } = await client.journal(state.head.seq, 0);
      state.take(lines);
      // The journal may grow for ever while it is read: what was there at the answer is enough.
      if (lines.length === 0 || state.head.seq >= head) break;
    }
    return { state, source: client.name, asOf: new Date(), torn: "", doubt: null };
  }
  const path = await journalFileOf(options, cwd);
  const checks = new RecordChecks();
  const state = new JournalState((record, before) => checks.take(record, before));
  const { readJournalLines } = await import("@redline/daemon");
  const { torn } = await readJournalLines(path, (line) => void state.take([line]));
  return { state, source: path, asOf: new Date(state.at ?? Date.now()), torn, doubt: checks.doubt() };
}

/** The coordinator's journal on disk. @throws CliError when there is none. */
export async function journalFileOf(options: SourceOptions, cwd: string): Promise<string> {
  const dir = await stateDirOf(options, cwd);
  if (dir === null)
    throw new CliError(EXIT.usage, "there is no run below .redline in this folder", {
      remedy: "start one with `redline run STUDY`, or name a state folder with --state DIR",
    });
  const path = journalPath(dir);
  if ((await stat(path).catch(() => null)) === null)
    throw new CliError(EXIT.usage, `${dir} holds no coordinator's journal (${path})`, {
      remedy: "name the state folder of a run with --state DIR",
    });
  return path;
}

async function stateDirOf(options: SourceOptions, cwd: string): Promise<string | null> {
  return options.state === undefined ? latestStateDir(cwd) : resolve(cwd, options.state);
}
