import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repository } from "./deploy-nats-server.ts";
import { has } from "./deploy-tool.ts";

const folder = join(repository, "deploy/systemd");
const UNITS = ["redline-node.service", "redline-coordinator.service"] as const;
const unit = (name: string) => readFile(join(folder, name), "utf8");

/** Values of a unit's keys; a key may stand more than once. */
function keysOf(text: string): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) keys.set(name, [...(keys.get(name) ?? []), value ?? ""]);
  }
  return keys;
}

/** Names in a settings schema's source and in an env file, commented out or not. */
const namesIn = (text: string) => [...new Set(text.match(/\bREDLINE_[A-Z_]+(?=[:=])/g))].sort();

describe.skipIf(!has("systemd-analyze"))("systemd-analyze (skipped where it is missing)", () => {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "redline-units-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  /** A copy whose program is there: verify looks for it. */
  async function copy(name: string, change: (text: string) => string = (text) => text): Promise<string> {
    const path = join(dir, name);
    await writeFile(path, change((await unit(name)).replace("=/usr/bin/node ", `=${process.execPath} `)));
    return path;
  }
  const analyze = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });

  it.each(UNITS)("verify has nothing to say about %s", async (name) => {
    // It reports a misspelt key and exits 0: only its words count.
    const { status, stderr } = analyze("verify", await copy(name));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("verify would say so if a key were misspelt", async () => {
    const path = await copy(UNITS[0], (text) => text.replace("ProtectSystem=", "ProtectSytem="));
    expect(analyze("verify", path).stderr).toContain("ProtectSytem");
  });

  it("the coordinator's exposure stays low", async () => {
    const { status, stdout } = analyze("security", "--offline=true", "--threshold=15", await copy(UNITS[1]));
    expect(status, stdout.trim().split("\n").at(-1)).toBe(0);
  });
});

describe("the node daemon's unit", () => {
  // Each was seen to stop a cell from being built or to hide what the daemon must see; see deploy/README.md.
  it.each([
    "MemoryDenyWriteExecute",
    "ProtectProc",
    "ProcSubset",
    "PrivateUsers",
    "PrivateNetwork",
    "PrivateDevices",
    "PrivateTmp",
    "ProtectHostname",
    "ProtectClock",
    "ProtectKernelTunables",
    "ProtectKernelLogs",
    "RestrictNamespaces",
    "SystemCallFilter",
    "DynamicUser",
    "User",
  ])("does not set %s", async (key) => {
    expect(keysOf(await unit(UNITS[0])).has(key)).toBe(false);
  });

  it("holds the rights that cells need and no others of the dangerous kind", async () => {
    const caps =
      keysOf(await unit(UNITS[0]))
        .get("CapabilityBoundingSet")?.[0]
        ?.split(" ") ?? [];
    for (const needed of ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SETUID", "SETGID", "CHOWN", "KILL"])
      expect(caps).toContain(`CAP_${needed}`);
    for (const spared of ["SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_RAW", "MKNOD", "BPF"])
      expect(caps).not.toContain(`CAP_${spared}`);
  });

  it("gives teardown time, and kills the whole control group after it", async () => {
    const keys = keysOf(await unit(UNITS[0]));
    expect(keys.get("KillMode")).toEqual(["mixed"]);
    expect(Number(/^(\d+)s$/.exec(keys.get("TimeoutStopSec")?.[0] ?? "")?.[1])).toBeGreaterThan(60);
  });
});

it("the coordinator is started again for ever, but for settings that cannot be used", async () => {
  const keys = keysOf(await unit(UNITS[1]));
  expect(keys.get("Restart")).toEqual(["on-failure"]);
  expect(keys.get("StartLimitIntervalSec")).toEqual(["0"]);
  expect(keys.has("StartLimitBurst")).toBe(false);
  expect(keys.get("RestartPreventExitStatus")).toEqual(["2"]);
});

describe.each(UNITS)("%s", (name) => {
  it("lets Node run and hands the seed over as a credential", async () => {
    const keys = keysOf(await unit(name));
    expect(keys.has("MemoryDenyWriteExecute")).toBe(false);
    expect(keys.get("RestrictAddressFamilies")?.join(" ")).toContain("AF_NETLINK");
    expect(keys.get("LoadCredential")?.[0]).toMatch(/^nats\.seed:\/etc\/redline\/\w+\.seed$/);
    expect(keys.get("Environment")).toContain("REDLINE_NATS_NKEY_FILE=%d/nats.seed");
  });
});

it.each([
  ["node-agent/src/settings.ts", "redline-node.service", "node.env.example"],
  ["coordinator/src/settings.ts", "redline-coordinator.service", "coordinator.env.example"],
])("every setting of %s is in %s or %s, and the reverse", async (source, unitName, example) => {
  const settings = namesIn(await readFile(join(repository, source), "utf8"));
  const written = namesIn(`${await unit(unitName)}\n${await unit(example)}`);
  expect(written).toEqual(settings);
});
