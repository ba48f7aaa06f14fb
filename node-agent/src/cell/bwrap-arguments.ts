import { existsSync, readlinkSync } from "node:fs";
import { CELL } from "./cell-layout.ts";
import type { CellSpec, Plant } from "./cell.ts";
import type { CellFiles } from "./cell-files.ts";
import { toolInCell, toolsFolder, type CellTools } from "./cell-tools.ts";

/** Descriptors that bubblewrap and init are started with. */
export const DESCRIPTORS = { info: 3, seccomp: 4, plant: 5 } as const;

/** What the kernel shows of itself to a reader with host uid 0, which the cell's user has in a lab that root started. */
const MASKED = [
  "kcore",
  "keys",
  "key-users",
  "kallsyms",
  "kmsg",
  "latency_stats",
  "sched_debug",
  "timer_list",
  "vmallocinfo",
];

export interface ArgumentsInput {
  readonly spec: CellSpec;
  readonly tools: CellTools;
  readonly files: CellFiles;
  readonly environment: Readonly<Record<string, string>>;
}

/** The command line after `bwrap`: the cell's whole view, then init. Later mounts lie over earlier ones. */
export function bwrapArguments({ spec, tools, files, environment }: ArgumentsInput): string[] {
  const scratch = String(spec.scratchBytes);
  const quarter = String(Math.max(65_536, Math.floor(spec.scratchBytes / 4)));
  const tmpfs = (size: string, at: string, mode = "0755") => ["--perms", mode, "--size", size, "--tmpfs", at];
  const uid = String(CELL.uid);
  const masked = MASKED.map((name) => `/proc/${name}`)
    .filter((path) => existsSync(path))
    .flatMap((path) => ["--ro-bind", "/dev/null", path]);
  const unpacked = toolsFolder(tools);
  return [
    ["--unshare-user", "--uid", uid, "--gid", uid, "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ["--unshare-cgroup-try", "--hostname", spec.hostname, "--die-with-parent", "--new-session", "--as-pid-1"],
    ["--cap-drop", "ALL", "--info-fd", String(DESCRIPTORS.info), "--seccomp", String(DESCRIPTORS.seccomp)],
    ["--clearenv", ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value])],

    // The system, without what the host's people put into /usr/local.
    ["--ro-bind", "/usr", "/usr", ...tmpfs("4096", "/usr/local"), "--remount-ro", "/usr/local"],
    ...["/bin", "/sbin", "/lib", "/lib64", "/lib32"].map(systemFolder),
    ["--ro-bind", files.etc, "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives"],
    ["--symlink", "../tmp", "/var/tmp"],

    // Read-only as a whole: with host uid 0 and no capability at all, /proc/sys/kernel/core_pattern would be writable,
    // and bubblewrap leaves it so.
    ["--proc", "/proc", ...masked, "--remount-ro", "/proc"],
    ["--dev", "/dev", ...tmpfs(quarter, "/dev/shm", "1777"), "--remount-ro", "/dev"],
    [...tmpfs(quarter, "/tmp", "1777"), ...tmpfs("1048576", "/run"), ...tmpfs(scratch, CELL.home, "0750")],

    ["--perms", "0755", "--dir", "/opt", "--perms", "0755", "--dir", "/opt/redline"],
    ["--ro-bind", files.init, CELL.init, "--ro-bind", files.initScript, CELL.initScript],
    ["--ro-bind", process.execPath, `${CELL.bin}/node`],
    ...(unpacked === undefined ? [] : [["--ro-bind", unpacked, CELL.tools]]),
    ...spec.readOnlyBinds.map(({ from, to }) => ["--ro-bind", from, to]),
    // Read-only too: connecting to a socket writes nothing to its mount.
    ...spec.socketBinds.map(({ from, to }) => ["--ro-bind", from, to]),
    ...weightMounts(spec.plant),
    ["--remount-ro", "/", "--chdir", CELL.home],
    ["--", CELL.init, CELL.initScript, ...initArguments(spec, tools)],
  ].flat();
}

function initArguments(spec: CellSpec, tools: CellTools): string[] {
  const hundredths = (ms: number) => String(Math.max(1, Math.round(ms / 10)));
  return [
    hundredths(spec.ttlMs),
    hundredths(spec.heartbeatMs ?? 5_000),
    CELL.sshPort.toString(16).toUpperCase().padStart(4, "0"),
    String(spec.limits.processes),
    spec.plant?.to ?? "",
    ...[toolInCell(tools.sshd), "-D", "-e", "-f", "/etc/ssh/sshd_config"],
  ];
}

/** Made before the copies come, so that the specimen's own folders belong to the cell and only the weights are mounts. */
function weightMounts(plant: Plant | undefined): string[][] {
  if (plant === undefined) return [];
  return [
    ["--perms", "0755", "--dir", plant.to],
    ...plant.weights.map((path) => [
      "--ro-bind",
      plant.weightsFrom?.[path] ?? `${plant.from}/${path}`,
      `${plant.to}/${path}`,
    ]),
  ];
}

/** /bin and kin are links into /usr on merged systems and folders on others. */
function systemFolder(path: string): string[] {
  try {
    return ["--symlink", readlinkSync(path), path];
  } catch {
    return ["--ro-bind-try", path, path];
  }
}
