import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../kit/until.ts";
import { buildBenchCell } from "./bench-cell.ts";

/**
 * Runs as root of its own lab namespace (see ssh.ts): one cell, one ssh2 session of ours and one ControlMaster of
 * OpenSSH into it, `exec true` over each in turns of ten. Prints JSON: milliseconds of each call.
 */
const run = promisify(execFile);
const BURST = 10;
const ROUNDS = Number(process.argv[2] ?? "100");
const ours: number[] = [];
const openssh: number[] = [];
{
  await using bench = await buildBenchCell();
  const { cell, session } = bench;
  const mine = join(bench.folder, "client");
  mkdirSync(mine, { mode: 0o700 });
  writeFileSync(join(mine, "key"), bench.privateKey, { mode: 0o600 });
  writeFileSync(join(mine, "known"), `[${cell.address}]:${cell.sshPort} ${cell.hostKey}\n`);
  // prettier-ignore
  const options = ["-F", "none", "-o", `ControlPath=${mine}/master`, "-o", `UserKnownHostsFile=${mine}/known`,
    "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-i", `${mine}/key`, "-p", String(cell.sshPort)];
  const host = `agent@${cell.address}`;
  const master = spawn("ssh", [...options, "-M", "-N", host], { stdio: "ignore" });
  await until("a master connection", () =>
    run("ssh", [...options, "-O", "check", host]).then(
      () => true,
      () => false,
    ),
  );
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const ourRound = async () => ours.push(await timed(() => session.exec("true")));
    const theirRound = async () => openssh.push(await timed(() => run("ssh", [...options, host, "true"])));
    // Ten and ten: a harness sends commands in bursts, and each burst finds the caches that the other left.
    for (const step of round % 2 === 0 ? [ourRound, theirRound] : [theirRound, ourRound])
      for (let i = 0; i < BURST; i++) await step();
  }
  master.kill();
}
process.stdout.write(JSON.stringify({ ours, openssh }));
process.exit(0);
