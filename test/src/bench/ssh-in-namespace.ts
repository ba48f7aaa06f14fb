import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createBwrapDriver } from "../../../node-agent/dist/cell/bwrap-driver.js";
import { authorizedKey } from "../../../node-agent/dist/ssh/authorized-key.js";
import { connectSsh } from "../../../node-agent/dist/ssh/connect-ssh.js";
import { newEphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";

/**
 * Runs as root of its own lab namespace (see ssh.ts): one cell, one ssh2 session of ours and one ControlMaster of
 * OpenSSH into it, `exec true` over each in turns of ten. Prints JSON: milliseconds of each call.
 */
const run = promisify(execFile);
const BURST = 10;
const ROUNDS = Number(process.argv[2] ?? "100");
const folder = mkdtempSync("/tmp/redline-bench-ssh-");
const key = newEphemeralKey("bench");
const driver = createBwrapDriver({ tools: (name) => name });
const inTenMinutes = new Date(Date.now() + 600_000);
const cell = await driver.build(
  {
    id: "bench",
    hostname: "origin",
    index: 0,
    ttlMs: 600_000,
    scratchBytes: 8 * 1_048_576,
    authorizedKeys: [authorizedKey(key.publicKeyLine, { expires: inTenMinutes })],
    readOnlyBinds: [],
    socketBinds: [],
    env: {},
    stateDir: join(folder, "cell"),
  },
  new AbortController().signal,
);
const mine = join(folder, "client");
mkdirSync(mine, { mode: 0o700 });
writeFileSync(join(mine, "key"), key.privateKey, { mode: 0o600 });
writeFileSync(join(mine, "known"), `[${cell.address}]:${cell.sshPort} ${cell.hostKey}\n`);
// prettier-ignore
const options = ["-F", "none", "-o", `ControlPath=${mine}/master`, "-o", `UserKnownHostsFile=${mine}/known`,
  "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-i", `${mine}/key`, "-p", String(cell.sshPort)];
const host = `agent@${cell.address}`;
const master = spawn("ssh", [...options, "-M", "-N", host], { stdio: "ignore" });
const session = await connectSsh({
  host: cell.address,
  port: cell.sshPort,
  username: "agent",
  privateKey: key.privateKey,
  hostKey: cell.hostKey,
});
for (let i = 0; i < 100; i++) {
  if (
    await run("ssh", [...options, "-O", "check", host]).then(
      () => true,
      () => false,
    )
  )
    break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const timed = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const ours: number[] = [];
const openssh: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const ourRound = async () => ours.push(await timed(() => session.exec("true")));
  const theirRound = async () => openssh.push(await timed(() => run("ssh", [...options, host, "true"])));
  // Ten and ten: a harness sends commands in bursts, and each burst finds the caches that the other left.
  for (const step of round % 2 === 0 ? [ourRound, theirRound] : [theirRound, ourRound])
    for (let i = 0; i < BURST; i++) await step();
}
master.kill();
await session.close();
await cell.destroy();
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify({ ours, openssh }));
process.exit(0);
