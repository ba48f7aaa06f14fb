import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export type Answer = (response: ServerResponse, n: number, seen: Seen) => void;

export interface StubServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Requests whose connection the other side has not closed. */
  readonly open: number;
}

/** For tests: a real HTTP server that keeps what it was asked and answers as told (`n` from 0). */
export async function stubServer(answer: Answer, port = 0): Promise<StubServer> {
  const seen: Seen[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    open += 1;
    response.once("close", () => (open -= 1));
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const one: Seen = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
      seen.push(one);
      answer(response, seen.length - 1, one);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${bound}`,
    seen,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Pieces of a body one after the other, each a write of its own. */
export function pieces(type: string, parts: readonly string[], end = true): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": type });
    for (const part of parts) response.write(part);
    if (end) response.end();
  };
}

/** The same piece again and again until the other side goes. */
export function endless(type: string, part: string): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": type });
    const more = () => {
      while (!response.destroyed && response.write(part));
    };
    response.on("drain", more);
    more();
  };
}
