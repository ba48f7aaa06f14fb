import { mkdir, readlink } from "node:fs/promises";
import { labPlanSchema, type LabEvent, type LabPlan } from "./lab-protocol.ts";
import { makeBridge } from "./lab-network.ts";
import { LabParts } from "./lab-parts.ts";
import type { LabProcess } from "./lab-process.ts";
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
  say({
    event: "namespaces",
    user: await ns("user"),
    pid: await ns("pid"),
    net: await ns("net"),
    mnt: await ns("mnt"),
  });

  await mkdir(plan.stateDir, { recursive: true });
  makeBridge(plan.ip);
  const lab = new LabParts(plan);
  mustLive(await lab.bus());
  say({ event: "step", text: "nats-server starts" });
  mustLive(await lab.coordinator());
  for (const [index, host] of plan.hosts.entries()) mustLive(await lab.host(host, index));
  say({ event: "step", text: `hosts ${plan.hosts.join(", ")} start` });
  await waitUntilReady(plan.socketPath, plan.hosts);
  say({ event: "up" });
}

const plan = labPlanSchema.parse(JSON.parse(process.argv[2] ?? "null"));
main(plan).catch((error: unknown) => {
  say({ event: "failed", text: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
