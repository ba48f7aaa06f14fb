import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { runEscapeSuite } from "../../node-agent/dist/escape/run-escape-suite.js";
import { suiteSterility } from "../../node-agent/dist/escape/suite-sterility.js";
import { createSterility } from "../../node-agent/dist/sterility/sterility.js";
import { isWeakness, weakenedDriver } from "./weakened.ts";

/**
 * Runs inside a lab namespace (see escape.test.ts). Arguments: how the cells are weakened, and the ids of the cases to run,
 * none for all; `given-up` gives the suite up in the middle. Prints the report as one JSON line. 192.0.2.x stands for the rest of the lab: nothing is there.
 */
const [how = "none", ...ids] = process.argv.slice(2);
const givenUp = how === "given-up";
const weakness = givenUp ? "none" : how;
if (!isWeakness(weakness)) throw new Error(`no such weakness: ${how}`);

/** Of a suite that is given up: by then its cells are up, however slow the machine is. */
const SEEN_BEFORE_END = 5;
const middle = new AbortController();
let seen = 0;

const folder = mkdtempSync(join("/tmp", "redline-escape-test-"));
chmodSync(folder, 0o711);
try {
  // Really listens, so that a refusal is the cell's wall.
  const nats = createServer((client) => client.end()).listen(0, "127.0.0.1");
  await once(nats, "listening");
  const at = nats.address();
  await using sterility = createSterility({ cellsDir: folder });
  const report = await runEscapeSuite({
    driver: weakenedDriver(weakness, folder),
    slots: [0, 1],
    nsenter: "/usr/bin/nsenter",
    stateDir: folder,
    addresses: {
      host: "192.0.2.10",
      // By name, as settings may have it.
      nats: { host: "localhost", port: at !== null && typeof at === "object" ? at.port : 0 },
      coordinator: { host: "192.0.2.20", port: 7422 },
      peer: { host: "192.0.2.30", port: 22 },
    },
    sterility: suiteSterility(sterility, () => []),
    now: () => new Date(),
    signal: AbortSignal.any([AbortSignal.timeout(540_000), middle.signal]),
    // For a run that does not come to its end.
    onCase: ({ id, outcome }) => {
      process.stderr.write(`${outcome} ${id}\n`);
      seen += 1;
      if (givenUp && seen === SEEN_BEFORE_END) middle.abort();
    },
    ...(ids.length === 0 ? {} : { only: (id: string) => ids.includes(id) }),
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
