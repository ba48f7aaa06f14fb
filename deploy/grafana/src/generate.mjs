// @ts-check
import { writeFile } from "node:fs/promises";
import { overview, UID } from "./overview.mjs";

// Writes deploy/grafana/dashboards/. Run it after a change of overview.mjs; a test compares the two.
const file = new URL(`../dashboards/${UID}.json`, import.meta.url);
await writeFile(file, `${JSON.stringify(overview(), null, 2)}\n`);
process.stdout.write(`${file.pathname} written\n`);
