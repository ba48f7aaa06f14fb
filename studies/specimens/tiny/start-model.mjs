// @ts-check
/*
 * Starts the model server on this folder's weights:
 *
 *   node start-model.mjs [--port 8760] [--host 127.0.0.1]
 *
 * The server program is imported into this process, so one process owns the port and the weights.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = import.meta.dirname;
const specimen = JSON.parse(readFileSync(path.join(folder, "specimen.json"), "utf8"));
const server = process.env["REDLINE_MODEL_SERVER"] ?? "/opt/redline/node-agent/dist/model-server/main.js";

if (!existsSync(server)) {
  process.stderr.write(`start-model: there is no model server at ${server} (REDLINE_MODEL_SERVER)\n`);
  process.exit(2);
}
process.argv = [
  process.argv[0] ?? "node",
  server,
  ...["--weights", path.join(folder, specimen.weights[0]), "--name", specimen.name],
  ...["--port", String(specimen.ports.model)],
  // Given last, so that they count.
  ...process.argv.slice(2),
];
await import(pathToFileURL(path.resolve(server)).href);
