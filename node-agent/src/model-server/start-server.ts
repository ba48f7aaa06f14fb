import { accessSync, constants } from "node:fs";
import type { Server } from "node:http";
import { loadEngine } from "./engine.ts";
import { EXIT, ServerExit } from "./exit-codes.ts";
import { modelServer } from "./http-server.ts";
import type { ServerOptions } from "./server-options.ts";

export interface RunningServer extends AsyncDisposable {
  /** The real one, where 0 was asked for. */
  readonly port: number;
}

/**
 * Loads the weights, then opens the port: an open port means a model that answers. Throws `ServerExit`: weights
 * that are missing or broken, a port that is taken.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  needReadable(options.weights);
  const engine = await loadEngine(options.weights, options.contextTokens);
  const server = modelServer(engine, options.name, () => Math.floor(Date.now() / 1000));
  try {
    const port = await listen(server, options);
    return {
      port,
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        await engine[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function needReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new ServerExit(EXIT.badInput, `cannot read weights ${file}`, { cause });
  }
}

function listen(server: Server, { port, host }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const message = taken
        ? `port ${port} is already taken`
        : `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ServerExit(taken ? EXIT.portTaken : EXIT.failed, message, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
