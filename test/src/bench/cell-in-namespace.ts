import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newEphemeralKey } from "../../../node-agent/dist/ssh/ephemeral-key.js";
import { buildCell } from "./bench-cell.ts";
import { firstCellArguments } from "./first-cell.ts";
import { sshBanner } from "./ssh-banner.ts";

/**
 * Runs as root of its own lab namespace (see cell.ts): each way to a contained sshd in turn, from its call until the server says who it is.
 * Prints JSON: milliseconds of each. Argument: rounds.
 */
const ROUNDS = Number(process.argv[2] ?? "20");
const PORT = 2301;
const folder = mkdtempSync(join(tmpdir(), "redline-bench-cells-"));
const etc = prepareEtc();
// Until it has ended the next one cannot listen on its port.
const killed = async (child: ChildProcess) => {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
};
const timed = async (work: () => Promise<unknown>) => {
  const started = performance.now();
  const made = await work();
  return { ms: performance.now() - started, made };
};
const sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config"];
const contained = (args: readonly string[]) => spawn("bwrap", [...args], { stdio: "ignore", cwd: "/" });

async function untilBanner(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = contained(args);
  await sshBanner("127.0.0.1", PORT);
  const ms = performance.now() - started;
  await killed(child);
  return ms;
}

const ways = {
  // With the network unshared too, as that option says: `true` needs none.
  async bare() {
    const { ms } = await timed(() =>
      once(contained(["--unshare-all", "--ro-bind", "/", "/", "true"]), "exit"),
    );
    return ms;
  },
  // prettier-ignore
  bareSshd: () => untilBanner(["--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
    "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", etc, "/etc", ...sshd]),
  first: () => untilBanner([...firstCellArguments(etc), ...sshd]),
  async ours() {
    const started = performance.now();
    await using cell = await buildCell(join(folder, "cell"), newEphemeralKey("bench"));
    await sshBanner(cell.address, cell.sshPort);
    return performance.now() - started;
  },
};
const times = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round += 1)
  for (const [name, way] of Object.entries(ways)) times[name]?.push(await way());
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify(times));
process.exit(0);

/** Keys and configuration are there before the clock runs; our own cell makes them itself, within its time. */
function prepareEtc(): string {
  const etc = join(folder, "etc");
  mkdirSync(join(etc, "ssh"), { recursive: true });
  mkdirSync(join(etc, "alternatives"));
  writeFileSync(join(etc, "passwd"), "agent:*:1000:1000:agent:/home/agent:/bin/bash\n");
  writeFileSync(join(etc, "group"), "agent:*:1000:\n");
  writeFileSync(join(etc, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n");
  writeFileSync(join(etc, "ssh/host_key"), newEphemeralKey("bench").privateKey, { mode: 0o600 });
  copyFileSync("/etc/ld.so.cache", join(etc, "ld.so.cache"));
  const config = [
    "ListenAddress 127.0.0.1",
    `Port ${PORT}`,
    "HostKey /etc/ssh/host_key",
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
  ];
  writeFileSync(join(etc, "ssh/sshd_config"), config.map((line) => `${line}\n`).join(""));
  return etc;
}
