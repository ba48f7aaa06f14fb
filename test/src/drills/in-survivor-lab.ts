import { mkdirSync } from "node:fs";
import { createBwrapDriver } from "../../../node-agent/dist/cell/bwrap-driver.js";
import { DEFAULT_LIMITS, type Cell } from "../../../node-agent/dist/cell/cell.js";
import { authorizedKey } from "../../../node-agent/dist/ssh/authorized-key.js";
import { connectSsh } from "../../../node-agent/dist/ssh/connect-ssh.js";
import { newEphemeralKey, type EphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";
import { createSterility } from "../../../node-agent/dist/sterility/sterility.js";
import { namespacesOfFacts } from "../../../node-agent/dist/sterility/trial-traces.js";
import { labPicture } from "./lab-picture.ts";
import { provePicture } from "./picture-control.ts";
import { seededRandom, someOf } from "./seeded-random.ts";
import { PLANTS } from "./survivor-plants.ts";
import type { SurvivorAttempt } from "./survivor-report.ts";

/**
 * Runs as root of a lab namespace of its own (see run-survivors.ts): cell after cell; in each the agent leaves a random mix of survivors,
 * over SSH and as the agent's user; then the cell is destroyed as after an attempt, and everything is looked through. One JSON
 * line an attempt. Arguments: ATTEMPTS SEED.
 */
const [attempts, seed] = process.argv.slice(2).map(Number);
const STATE = "/tmp/survivors";
const random = seededRandom(seed ?? 0);
mkdirSync(STATE, { mode: 0o711 });
const driver = createBwrapDriver({ tools: (name) => name, cellsDir: STATE });
await using sterility = createSterility({ cellsDir: STATE });
const baseline = await sterility.takeBaseline();
// This process, and its parent, which is the lab's first.
const own = new Set([process.pid, process.ppid]);
// What the driver makes once for all its cells is there from the first one on.
await (await build("warm-up", 0, newEphemeralKey("warm-up"))).destroy();
const before = labPicture(own);
await provePicture(own);

for (let attempt = 1; attempt <= (attempts ?? 0); attempt += 1)
  process.stdout.write(`${JSON.stringify(await once(attempt))}\n`);
process.exit(0);

async function once(attempt: number): Promise<SurvivorAttempt> {
  const started = performance.now();
  const key = newEphemeralKey(`survivors-${attempt}`);
  const id = `survivor-${attempt}-o`;
  const cell = await build(id, attempt % 4, key);
  const { address, hostAddress, sshPort: port, hostKey } = cell;
  const session = await connectSsh({
    ...{ host: address, port, username: "agent" },
    ...{ privateKey: key.privateKey, hostKey },
  });
  const chosen = someOf(PLANTS, random);
  const planted = await Promise.all(
    chosen.map(async ({ name, script }) => {
      const word = `survivor-${attempt}-${name}`;
      const { code } = await session.exec(`bash -c ${quoted(script)} plant ${word}`);
      return code === 0 ? [name] : [];
    }),
  );
  await session.close();
  const namespaces = [namespacesOfFacts(cell.facts)];
  const proof = await cell.destroy();
  // At once: what needs a moment more to end is a survivor here.
  const picture = labPicture(own);
  const found = [...picture].filter((line) => !before.has(line));
  const { clean, checks } = await sterility.proveSterile({
    baseline,
    look: "after",
    others: () => [],
    trial: {
      ...{ uids: [], namespaces, cellIds: [id], groups: [], publicKeys: [key.publicKeyLine], keyFiles: [] },
      ...{ paths: [`${STATE}/${id}`], addresses: [{ address: hostAddress, port: 0 }] },
    },
  });
  const dirty = checks.filter((check) => check.clean === false).map((check) => JSON.stringify(check));
  return {
    attempt,
    planted: planted.flat(),
    refused: chosen.map(({ name }) => name).filter((name) => !planted.flat().includes(name)),
    found: found.map((line) => line.slice(0, 300)),
    proof: [...(proof.clean ? [] : ["the cell's proof", ...proof.left]), ...(clean ? [] : dirty)],
    ms: performance.now() - started,
  };
}

function build(id: string, index: number, key: EphemeralKey): Promise<Cell> {
  return driver.build(
    {
      id,
      hostname: "origin",
      index,
      ttlMs: 120_000,
      scratchBytes: 16 * 1_048_576,
      limits: { ...DEFAULT_LIMITS, processes: 256 },
      authorizedKeys: [authorizedKey(key.publicKeyLine, { expires: new Date(Date.now() + 600_000) })],
      readOnlyBinds: [],
      socketBinds: [],
      env: {},
      stateDir: `${STATE}/${id}`,
    },
    new AbortController().signal,
  );
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", `'\\''`)}'`;
}
