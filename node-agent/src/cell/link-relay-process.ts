import { createInterface } from "node:readline";
import { relayOptionsSchema } from "./relay-messages.ts";
import { TcpRelay } from "./tcp-relay.ts";

/**
 * Entry of the relay's own process: options as JSON in the first argument; prints `{"port":n}`, then one line of counts for
 * each line it reads, and ends when its stdin does, that is with the daemon.
 */
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
// Nobody reads any more: the daemon is gone.
process.stdout.on("error", () => process.exit(0));

try {
  const relay = await TcpRelay.start(relayOptionsSchema.parse(JSON.parse(process.argv[2] ?? "")));
  say({ port: relay.port });
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "close") relay.close();
    say(relay.stats());
  });
  lines.on("close", () => process.exit(0));
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
