import { mkdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labPlanSchema, type LabEvent, type LabPlan } from "./lab-protocol.ts";
import { LabProcess } from "./lab-process.ts";
import { connectHost, makeBridge, LAB_ADDRESS } from "./lab-network.ts";
import { daemonEnv, coordinatorEntry, hostInit, nodeAgentEntry } from "./lab-daemons.ts";
import { natsConfig } from "./lab-nats.ts";
import { waitUntilReady } from "./lab-ready.ts";

/**
 * PID 1 of the lab's PID namespace: `redline lab` starts it under `unshare`. It makes the network and
 * starts every part as its own process. It ends when its stdin ends (the command was killed), when it is
 * told to stop, or when a part that must live dies; with it the kernel ends all that is in the lab.
 */
const say = (event: LabEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function main(plan: LabPlan): Promise<void> {
  const parts: LabProcess[] = [];
  let stopping = false;
  const leave = (code: number): never => process.exit(code);
  const mustLive = (part: LabProcess) => {
    parts.push(part);
    void part.ended.then((how) => {
      if (stopping) return;
      say({ event: "failed", text: `${part.name} ended (${how}); its log is ${part.logPath}` });
      leave(1);
    });
    return part;
  };
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    // Daemons first, so that they tear down their cells while the bus still carries their records.
    const [bus, coordinator, ...hosts] = parts;
    await Promise.all(hosts.map((host) => host.stop()));
    await coordinator?.stop();
    await bus?.stop();
    say({ event: "stopped" });
    leave(0);
  };
  process.stdin.on("data", () => void stop());
  process.stdin.on("end", () => leave(3));
  process.stdin.on("error", () => leave(3));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());

  const ns = async (name: string) => (await readlink(`/proc/self/ns/${name}`)).replace(/\D/g, "");
  say({ event: "namespaces", user: await ns("user"), pid: await ns("pid"), net: await ns("net"), mnt: await ns("mnt") });

  await mkdir(plan.stateDir, { recursive: true });
  const logDir = join(plan.stateDir, "logs");
  await mkdir(logDir, { recursive: true });
  makeBridge(plan.ip);

  const natsPath = join(plan.stateDir, "nats.conf");
  await writeFile(natsPath, natsConfig({ storeDir: join(plan.stateDir, "nats"), address: LAB_ADDRESS }));
  mustLive(new LabProcess("nats-server", plan.natsServer, ["-c", natsPath], { logDir, env: daemonEnv({}) }));
  say({ event: "step", text: "nats-server starts" });

  const stateOf = (name: string) => join(plan.stateDir, name);
  await mkdir(stateOf("coordinator"), { recursive: true });
  const socketPath = join(stateOf("coordinator"), "api.sock");
  mustLive(
    new LabProcess("coordinator", process.execPath, [coordinatorEntry], {
      logDir,
      env: daemonEnv({
        REDLINE_STATE_DIR: stateOf("coordinator"),
        REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:4222`,
        REDLINE_HTTP_SOCKET: socketPath,
        REDLINE_NODES: plan.hosts.join(","),
        REDLINE_LEASE_MS: String(plan.leaseMs),
        REDLINE_LOG_LEVEL: plan.logLevel,
      }),
    }),
  );

  for (const [index, host] of plan.hosts.entries()) {
    const address = connectHost(plan.ip, host, index);
    await mkdir(stateOf(host), { recursive: true });
    mustLive(
      new LabProcess(
        host,
        plan.ip,
        // prettier-ignore
        ["netns", "exec", host, plan.unshare, "--pid", "--fork", "--kill-child", "--mount", "--uts", "--mount-proc",
          plan.bash, hostInit, host, process.execPath, nodeAgentEntry],
        {
          logDir,
          inner: true,
          env: daemonEnv({
            REDLINE_NODE: host,
            REDLINE_STATE_DIR: stateOf(host),
            REDLINE_NATS_URLS: `nats://${LAB_ADDRESS}:4222`,
            REDLINE_COORDINATOR_PUB: join(stateOf("coordinator"), "coordinator.pub"),
            REDLINE_ADVERTISE: address,
            REDLINE_SLOTS: String(plan.slots),
            REDLINE_LABELS: `lab=${host}`,
            REDLINE_SPECIMEN_DIRS: plan.specimenDirs.join(":"),
            REDLINE_LEASE_EVERY_MS: String(Math.max(500, Math.floor(plan.leaseMs / 5))),
            REDLINE_LOG_LEVEL: plan.logLevel,
          }),
        },
      ),
    );
  }
  say({ event: "step", text: `hosts ${plan.hosts.join(", ")} start` });
  await waitUntilReady(socketPath, plan.hosts);
  say({ event: "up", socketPath });
}

const plan = labPlanSchema.parse(JSON.parse(process.argv[2] ?? "null"));
main(plan).catch((error: unknown) => {
  say({ event: "failed", text: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
