import { existsSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { CELL } from "./cell-layout.ts";
import type { CellSpec, Plant } from "./cell.ts";
import type { CellPaths } from "./cell-files.ts";
import { toolInCell, toolsFolder, type CellTools } from "./cell-tools.ts";

/** Descriptors that bubblewrap and init are started with. */
export const DESCRIPTORS = { info: 3, seccomp: 4, plant: 5 } as const;

/**
 * What the kernel shows of itself and of the machine that no trial needs; some of it to a reader with host uid 0, which the cell's
 * user has in a lab that root started. The boot command line may hold secrets of the host.
 */
export const MASKED_FILES = [
  ...[
    "cmdline",
    "config.gz",
    "interrupts",
    "iomem",
    "ioports",
    "kallsyms",
    "kcore",
    "keys",
    "key-users",
    "kmsg",
  ],
  ...["kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "pagetypeinfo", "sched_debug", "slabinfo"],
  ...["timer_list", "timer_stats", "vmallocinfo"],
];
export const MASKED_FOLDERS = ["acpi", "asound", "driver", "dynamic_debug", "fs", "scsi"];
/** GPU runtimes read there which GPUs and which driver the machine has. */
export const GPU_FOLDERS = ["driver"];

export interface ArgumentsInput {
  readonly spec: CellSpec;
  readonly tools: CellTools;
  readonly files: CellPaths;
  readonly environment: Readonly<Record<string, string>>;
  /** Device files of the host, bound at their own paths' names below /dev. */
  readonly devices: readonly string[];
  /** Words for init's `ulimit`. */
  readonly rlimits: readonly string[];
}

export interface SizedMount {
  /** As the cell sees it. */
  readonly path: string;
  readonly bytes: number;
}

/** Every place in which a cell can write, and its bytes: tmpfs, all gone with the cell. */
export function writableMounts(spec: Pick<CellSpec, "scratchBytes">): SizedMount[] {
  const quarter = Math.max(65_536, Math.floor(spec.scratchBytes / 4));
  return [
    { path: CELL.home, bytes: spec.scratchBytes },
    { path: "/tmp", bytes: quarter },
    { path: "/dev/shm", bytes: quarter },
    { path: "/run", bytes: 1_048_576 },
  ];
}

/** The command line after `bwrap`: the cell's whole view, then init. Later mounts lie over earlier ones. */
export function bwrapArguments(input: ArgumentsInput): string[] {
  const { spec, tools, files, environment, devices } = input;
  const sizes = new Map(writableMounts(spec).map(({ path, bytes }) => [path, String(bytes)]));
  const tmpfs = (at: string, mode: string, size = "4096") => [
    ...["--perms", mode, "--size", sizes.get(at) ?? size, "--tmpfs", at],
  ];
  const uid = String(CELL.uid);
  const inProc = (names: readonly string[]) =>
    names.map((name) => `/proc/${name}`).filter((path) => existsSync(path));
  const shown = devices.length === 0 ? [] : GPU_FOLDERS;
  const masked = [
    ...inProc(MASKED_FILES).flatMap((path) => ["--ro-bind", "/dev/null", path]),
    ...inProc(MASKED_FOLDERS.filter((name) => !shown.includes(name))).flatMap((path) => [
      ...tmpfs(path, "0555"),
      ...["--remount-ro", path],
    ]),
  ];
  const unpacked = toolsFolder(tools);
  return [
    ["--unshare-user", "--uid", uid, "--gid", uid, "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ["--unshare-cgroup-try", "--hostname", spec.hostname, "--die-with-parent", "--new-session", "--as-pid-1"],
    ["--cap-drop", "ALL", "--info-fd", String(DESCRIPTORS.info), "--seccomp", String(DESCRIPTORS.seccomp)],
    ["--clearenv", ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value])],

    // The system's programs and libraries, without what the host's people put into /usr/local. Those with a setuid bit give nobody
    // anything under no_new_privs, and those that talk to a service of the host (cron, at, systemd, D-Bus, containers) find neither
    // its spool nor its socket: of /var and /run there is nothing here.
    ["--ro-bind", "/usr", "/usr", ...tmpfs("/usr/local", "0755"), "--remount-ro", "/usr/local"],
    ...["/bin", "/sbin", "/lib", "/lib64", "/lib32"].map(systemFolder),
    ["--ro-bind", files.etc, "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives"],
    ["--symlink", "../tmp", "/var/tmp"],

    // Read-only as a whole: with host uid 0 and no capability at all, /proc/sys/kernel/core_pattern would be writable,
    // and bubblewrap leaves it so.
    ["--proc", "/proc", ...masked, "--remount-ro", "/proc"],
    ["--dev", "/dev", ...devices.flatMap((path) => ["--dev-bind", path, `/dev/${basename(path)}`])],
    [...tmpfs("/dev/shm", "1777"), "--remount-ro", "/dev"],
    [...tmpfs("/tmp", "1777"), ...tmpfs("/run", "0755"), ...tmpfs(CELL.home, "0750")],

    ["--perms", "0755", "--dir", "/opt", "--perms", "0755", "--dir", "/opt/redline"],
    ["--ro-bind", files.init, CELL.init, "--ro-bind", files.initScript, CELL.initScript],
    ["--ro-bind", process.execPath, `${CELL.bin}/node`],
    ...(unpacked === undefined ? [] : [["--ro-bind", unpacked, CELL.tools]]),
    ...spec.readOnlyBinds.map(({ from, to }) => ["--ro-bind", from, to]),
    // Read-only too: connecting to a socket writes nothing to its mount.
    ...spec.socketBinds.map(({ from, to }) => ["--ro-bind", from, to]),
    ...weightMounts(spec.plant),
    ["--remount-ro", "/", "--chdir", CELL.home],
    ["--", CELL.init, CELL.initScript, ...initArguments(input)],
  ].flat();
}

export function initArguments({
  spec,
  tools,
  rlimits,
}: Pick<ArgumentsInput, "spec" | "tools" | "rlimits">): string[] {
  const hundredths = (ms: number) => String(Math.max(1, Math.round(ms / 10)));
  return [
    hundredths(spec.ttlMs),
    hundredths(spec.heartbeatMs ?? 5_000),
    CELL.sshPort.toString(16).toUpperCase().padStart(4, "0"),
    rlimits.join(" "),
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
