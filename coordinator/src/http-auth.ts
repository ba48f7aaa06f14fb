import { isIP } from "node:net";
import { readFile, stat } from "node:fs/promises";
import {
  ConfigError,
  jsonReply,
  parseHttpTokens,
  tokenOf,
  type HttpGate,
  type HttpReply,
  type HttpToken,
  type Knock,
  type Logger,
} from "@redline/daemon";

export interface HttpAuthOptions {
  /** File with a line `role name sha256` for each token. */
  readonly tokensFile: string;
  /** Names besides addresses and `localhost` under which the listener may be called. */
  readonly hosts: readonly string[];
  /** Health and metrics need no token, wherever the request comes from. */
  readonly metricsOpen: boolean;
  readonly log: Logger;
}

const OPEN_PATHS: readonly string[] = ["/healthz", "/readyz", "/metrics"];

/**
 * The gate of listeners on TCP: a reader's token may GET, an operator's may change things. Tokens are read again when their file
 * changed; a file that cannot be used lets nobody in. The Unix socket has no gate: its mode is the login.
 * @throws ConfigError when the file cannot be used now.
 */
export async function openHttpGate(options: HttpAuthOptions): Promise<HttpGate> {
  const { tokensFile, metricsOpen, log } = options;
  const read = tokenReader(tokensFile);
  try {
    if ((await read()).length === 0)
      log.warn({ tokensFile }, "no token is known yet: add one with `redline token add`");
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`REDLINE_HTTP_TOKENS_FILE: ${tokensFile}: ${said}`, { cause: error });
  }
  return async (knock) => {
    const foreign = whyForeign(knock, options.hosts);
    if (foreign !== null) return refuse(403, foreign);
    if (OPEN_PATHS.includes(knock.path) && knock.method === "GET" && (metricsOpen || knock.loopback))
      return { ok: true, caller: null };
    let tokens: readonly HttpToken[];
    try {
      tokens = await read();
    } catch (error) {
      log.error({ err: error, tokensFile }, "the tokens cannot be read; nobody is let in over TCP");
      return refuse(
        503,
        "the coordinator cannot read its tokens; its log says why, its Unix socket still works",
      );
    }
    const given = /^Bearer +(\S{1,200})$/i.exec(knock.headers.authorization ?? "")?.[1];
    if (given === undefined)
      return refuse(401, "this needs a token: give it with --token-file FILE or REDLINE_TOKEN_FILE");
    const token = tokenOf(tokens, given);
    if (token === null)
      return refuse(
        401,
        "this token is not known here, or was removed: ask for one made with `redline token add`",
      );
    if (knock.method !== "GET" && token.role !== "operator")
      return refuse(403, `the token "${token.name}" may only read; changes need one of role operator`);
    if (knock.method !== "GET")
      log.info({ caller: token.name, method: knock.method, path: knock.path }, "change asked for");
    return { ok: true, caller: token.name };
  };
}

/** Why a request looks like one that a web page made a browser send, or null. */
export function whyForeign({ headers }: Knock, hosts: readonly string[]): string | null {
  if (headers.origin !== undefined) return "requests of web pages are not taken";
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "none") return "requests of web pages are not taken";
  // A page can give its own name this machine's address, but must then call it by that name.
  const host = (headers.host ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  if (host === "localhost" || isIP(host) !== 0) return null;
  if (hosts.some((known) => known.toLowerCase() === host)) return null;
  return "call this by its address, or add the name to REDLINE_HTTP_HOSTS";
}

const refuse = (status: number, error: string): { ok: false; reply: HttpReply } => ({
  ok: false,
  reply: jsonReply({ error }, status),
});

/** Reads the file only when it changed. */
function tokenReader(path: string): () => Promise<readonly HttpToken[]> {
  let known: readonly HttpToken[] = [];
  let stamp = "";
  return async () => {
    const { mtimeMs, ino, size } = await stat(path);
    const now = `${mtimeMs} ${ino} ${size}`;
    if (now !== stamp) {
      known = parseHttpTokens(await readFile(path, "utf8"));
      stamp = now;
    }
    return known;
  };
}
