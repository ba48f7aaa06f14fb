import { randomUUID } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { BrainError } from "./brain-error.ts";
import type { BrokerCounts } from "./broker-counts.ts";
import { questionOf } from "./broker-question.ts";
import { BrokerTalk, type TalkOptions } from "./broker-talk.ts";
import { BrokerError, completionBody } from "./broker-wire.ts";

export type { BrokerCounts } from "./broker-counts.ts";

const MOST_CONNECTIONS = 8;

export interface BrokerOptions extends Omit<TalkOptions, "signal"> {
  /** Path of a Unix socket that does not yet exist; at most 107 bytes. */
  readonly socketPath: string;
  /** Bearer token of this attempt. */
  readonly token: string;
  /** Ends questions under way and the broker. */
  readonly signal: AbortSignal;
}

export interface BrainBroker extends AsyncDisposable {
  /** A snapshot; times are up to now. */
  readonly counts: BrokerCounts;
}

/**
 * The brain as an agent in a cell sees it: `POST /v1/chat/completions` on a Unix socket that the daemon holds
 * outside. The agent never gets the provider's address or key. The brain is the broker's from here on: it is made ready now and
 * closed with the broker. Rejects where the socket cannot be made.
 */
export async function startBrainBroker(options: BrokerOptions): Promise<BrainBroker> {
  const { socketPath, brain, token } = options;
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const talk = new BrokerTalk({ ...options, signal });
  let refused = 0;

  const server = createServer((request, response) => {
    questionOf(request, token)
      .then((question) => talk.ask(question, () => response.destroyed))
      .then(
        (reply) => {
          send(response, 200, completionBody(reply, brain.label, `chatcmpl-${randomUUID()}`));
        },
        (error: unknown) => {
          const known = BrokerError.from(error);
          if (!(error instanceof BrainError)) refused += 1;
          // What is left of a body that was refused is not read.
          response.setHeader("connection", "close");
          send(response, known.status, known.body());
        },
      );
  });
  server.maxConnections = MOST_CONNECTIONS;
  // One connection serves a whole run: a command between two questions may take longer than any time that could stand here.
  server.keepAliveTimeout = 0;
  const close = async (): Promise<void> => {
    closing.abort();
    if (server.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    await rm(socketPath, { force: true });
    await brain.close?.();
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  // The agent has another uid in its cell; the folder that is mounted there and the token are the guard.
  await chmod(socketPath, 0o666);
  const onAbort = () => void close();
  if (options.signal.aborted) await close();
  else {
    options.signal.addEventListener("abort", onAbort, { once: true });
    brain.prepare?.();
  }
  return {
    get counts() {
      return { refused, ...talk.counts };
    },
    async [Symbol.asyncDispose]() {
      options.signal.removeEventListener("abort", onAbort);
      await close();
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  // As text it goes out with the head in one write.
  response.end(text);
}
