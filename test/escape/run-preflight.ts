import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Cell, CellSpec } from "../../node-agent/dist/cell/cell.js";
import { linkPlan } from "../../node-agent/dist/cell/link-plan.js";
import { startRelay } from "../../node-agent/dist/cell/link-relay.js";
import { logIn } from "../../node-agent/dist/escape/escape-bench.js";
import { buildSuiteCell, makeSuiteFolder } from "../../node-agent/dist/escape/suite-cells.js";
import { preflight, type Preflight } from "../../node-agent/dist/preflight/preflight.js";
import { authorizedKey } from "../../node-agent/dist/ssh/authorized-key.js";
import { newEphemeralKey } from "../../node-agent/dist/ssh/ephemeral-key.js";
import { isWeakness, weakenedDriver } from "./weakened.ts";

/**
 * Runs inside a lab namespace (see preflight.test.ts): pre-flights of a real cell with a real relay to a real target.
 * Arguments: how the cells are weakened, and what else is wrong. Prints the pre-flights as one JSON line.
 */
const [weakness = "none", wrong = ""] = process.argv.slice(2);
if (!isWeakness(weakness)) throw new Error(`no such weakness: ${weakness}`);

const signal = AbortSignal.timeout(270_000);
const parent = mkdtempSync(join("/tmp", "redline-preflight-test-"));
chmodSync(parent, 0o711);
const driver = weakenedDriver(weakness, parent);
const found: Preflight[] = [];
try {
  await using folder = await makeSuiteFolder(parent);
  const now = new Date();
  const agentKey = newEphemeralKey("agent");
  const moreKeys = [authorizedKey(agentKey.publicKeyLine, { expires: new Date(now.getTime() + 300_000) })];
  const base = { driver, folder, now };
  const target = await buildSuiteCell(
    { ...base, index: 1, name: "target", hostname: "target", moreKeys },
    signal,
  );
  await using _target = target.cell;
  const at = { host: linkPlan(0).hostAddress, port: 2222 };
  const sshTarget = { ...at, hostKey: target.cell.hostKey, privateKey: agentKey.privateKey };
  const origin = await buildSuiteCell(
    { ...base, index: 0, name: "origin", hostname: "origin", sshTarget },
    signal,
  );
  await using _origin = origin.cell;
  const to = { host: target.cell.address, port: target.cell.sshPort };
  const relay = await startRelay({ listen: at, to, allowFrom: [origin.cell.address] });
  if (wrong === "no-relay") await relay.close();
  // Where a canary is: it is there to be reached, if only the wall lets it.
  const server = createServer((client) => client.on("error", () => undefined).end("hello")).listen(
    4222,
    origin.cell.hostAddress,
  );
  await once(server, "listening");

  const check = async (
    { cell, spec }: { cell: Cell; spec: CellSpec },
    key: string,
    allowed: typeof at | null,
  ) => {
    await using session = await logIn({ cell }, key, signal);
    if (wrong === "no-session") await session.close();
    found.push(await preflight({ cell, spec, session, allowed, signal }));
    for (let i = 0; wrong === "" && i < 9; i += 1)
      found.push(await preflight({ cell, spec, session, allowed, signal }));
  };
  const asked = {
    ...origin.spec,
    limits:
      wrong === "other-limits"
        ? { memoryBytes: 134_217_728, processes: 32, openFiles: 128 }
        : origin.spec.limits,
  };
  await check({ cell: origin.cell, spec: asked }, origin.key.privateKey, at);
  if (wrong === "") await check(target, target.key.privateKey, null);
  server.close();
  await relay.close();
} finally {
  rmSync(parent, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
