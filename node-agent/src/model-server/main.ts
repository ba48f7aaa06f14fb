import { EXIT, ServerExit } from "./exit-codes.ts";
import { loadRequestSchema } from "./http-server.ts";
import { serverOptions } from "./server-options.ts";
import { startServer } from "./start-server.ts";

/**
 * The built-in small model server: `node main.js --weights FILE --port P --host H --name N`. The top-level
 * await lets a launcher import this file into its own process and wait until the model answers.
 */
try {
  const options = serverOptions(process.argv.slice(2));
  const { port } = await startServer(options);
  if (!options.quiet) {
    process.stdout.write(`model server: ${options.name} listens on http://${options.host}:${port}\n`);
  }
  // Leaving takes the engine with it: there is nothing to save.
  process.once("SIGTERM", () => process.exit(EXIT.ok));
  process.once("SIGINT", () => process.exit(EXIT.ok));
  await loadRequestSchema();
} catch (error) {
  const known = error instanceof ServerExit ? error : new ServerExit(EXIT.failed, String(error));
  process.stderr.write(`model server: ${known.message}\n`);
  process.exit(known.status);
}
