import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { chmod, rm } from "node:fs/promises";
import { PROTOCOL, PROTOCOL_HEADER } from "@redline/shared";
import type { Logger } from "pino";
import { protocolProblem } from "./http-protocol.ts";

/** Where a daemon listens: a socket file (mode 0600), or an address; port 0 lets the kernel choose. */
export type Listen = { readonly socketPath: string } | { readonly host: string; readonly port: number };

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Groups of the route's pattern. */
  readonly params: readonly string[];
  /** Name of the token that the request came with; null where none is asked for. */
  readonly caller: string | null;
  /** The body; with a caller its `who` begins with the caller's name. */
  json(): Promise<unknown>;
}
export interface HttpReply {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}
export interface Route {
  readonly method: "GET" | "POST";
  /** Matched against the whole path. */
  readonly path: RegExp;
  handle(request: HttpRequest): Promise<HttpReply> | HttpReply;
}

/** What a listener's gate sees of a request. */
export interface Knock {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Both ends of the connection are on this machine's loopback. */
  readonly loopback: boolean;
}
export type Admitted =
  { readonly ok: true; readonly caller: string | null } | { readonly ok: false; readonly reply: HttpReply };
/** Decides who comes in, before any route sees the request. One that throws lets nobody in. */
export type HttpGate = (knock: Knock) => Promise<Admitted>;

export interface HttpServer extends AsyncDisposable {
  /** Port in use, 0 for a socket file. */
  readonly port: number;
}

export const jsonReply = (value: unknown, status = 200): HttpReply => ({
  status,
  body: `${JSON.stringify(value)}\n`,
  type: "application/json",
});
export const textReply = (body: string, status = 200): HttpReply => ({
  status,
  body,
  type: "text/plain; charset=utf-8",
});

const MAX_BODY_BYTES = 4_194_304;

class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** A small HTTP server for health, metrics and the API. Handlers that throw give 500 and a log line; a bad body gives 400. */
export async function startHttp(
  listen: Listen,
  routes: readonly Route[],
  log: Logger,
  gate: HttpGate = open,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void answer(request, routes, log, gate).then((reply) => {
      response.writeHead(reply.status, {
        "content-type": reply.type ?? "text/plain; charset=utf-8",
        [PROTOCOL_HEADER]: String(PROTOCOL),
      });
      response.end(reply.body);
    });
  });
  server.requestTimeout = 30_000;
  if ("socketPath" in listen) await rm(listen.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if ("socketPath" in listen) server.listen(listen.socketPath, resolve);
    else server.listen(listen.port, listen.host, resolve);
  });
  if ("socketPath" in listen) await chmod(listen.socketPath, 0o600);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const open: HttpGate = () => Promise.resolve({ ok: true, caller: null });

async function answer(
  request: IncomingMessage,
  routes: readonly Route[],
  log: Logger,
  gate: HttpGate,
): Promise<HttpReply> {
  const url = urlOf(request);
  if (url === null) return jsonReply({ error: "bad request target" }, 400);
  const method = request.method ?? "GET";
  const admitted = await admit(gate, request, method, url.pathname, log);
  if (!admitted.ok) return admitted.reply;
  const { caller } = admitted;
  const problem = protocolProblem(url.pathname, request.headers);
  if (problem !== null) return jsonReply({ error: problem.error }, problem.status);
  const matching = routes.filter((route) => route.path.test(url.pathname));
  const route = matching.find((r) => r.method === method);
  if (route === undefined)
    return matching.length > 0
      ? jsonReply({ error: "method not allowed" }, 405)
      : jsonReply({ error: "not found" }, 404);
  try {
    return await route.handle({
      method,
      path: url.pathname,
      query: url.searchParams,
      params: (route.path.exec(url.pathname) ?? []).slice(1).map(decodeURIComponent),
      caller,
      json: async () => {
        const body = await readJson(request);
        return caller === null ? body : signedBy(caller, body);
      },
    });
  } catch (error) {
    if (error instanceof BadRequest) return jsonReply({ error: error.message }, 400);
    log.error({ err: error, path: url.pathname }, "request failed");
    return jsonReply({ error: "internal error" }, 500);
  }
}

async function admit(
  gate: HttpGate,
  { headers, socket }: IncomingMessage,
  method: string,
  path: string,
  log: Logger,
): Promise<Admitted> {
  const loopback = [socket.localAddress, socket.remoteAddress].every(
    (address) => address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address),
  );
  try {
    return await gate({ method, path, headers, loopback });
  } catch (error) {
    log.error({ err: error, path }, "the gate of the listener failed");
    return { ok: false, reply: jsonReply({ error: "internal error" }, 500) };
  }
}

const MAX_WHO = 100;

/** Who a change is by is not left to the body alone: the token's name goes before what it says. */
function signedBy(caller: string, body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("who" in body)) return body;
  const { who } = body;
  if (typeof who !== "string" || who === caller) return body;
  return { ...body, who: `${caller} (${who})`.slice(0, MAX_WHO) };
}

/** Null for a request target that is no path, such as `//`. */
function urlOf(request: IncomingMessage): URL | null {
  try {
    return new URL(request.url ?? "/", "http://localhost");
  } catch {
    return null;
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // A web page can make a browser post to loopback, but not with this type unless it is asked first.
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    throw new BadRequest("content-type must be application/json");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new BadRequest("body is not bytes");
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BadRequest(`body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new BadRequest("body is not JSON");
  }
}
