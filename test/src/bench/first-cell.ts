import { existsSync, readlinkSync } from "node:fs";

/** What the kernel shows of itself, as the first issue's cell covered it. */
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

/**
 * bubblewrap's arguments for the view that a cell had at the end of the first issue, spelled out here so that later changes of a cell do
 * not change what they are compared with: no limits, no system call filter, no init, no network of its own. The caller adds the command.
 * @param etc folder that becomes /etc
 */
export function firstCellArguments(etc: string): string[] {
  const tmpfs = (size: string, at: string, mode = "0755") => ["--perms", mode, "--size", size, "--tmpfs", at];
  return [
    ["--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ["--unshare-cgroup-try", "--hostname", "origin", "--die-with-parent", "--new-session", "--as-pid-1"],
    ["--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", "/opt/redline/bin:/usr/bin:/bin"],
    ["--ro-bind", "/usr", "/usr", ...tmpfs("4096", "/usr/local"), "--remount-ro", "/usr/local"],
    ...["/bin", "/sbin", "/lib", "/lib64", "/lib32"].map(systemFolder),
    ["--ro-bind", etc, "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives"],
    ["--symlink", "../tmp", "/var/tmp"],
    ["--proc", "/proc"],
    ...MASKED.map((name) => `/proc/${name}`)
      .filter((path) => existsSync(path))
      .map((path) => ["--ro-bind", "/dev/null", path]),
    [
      "--remount-ro",
      "/proc",
      "--dev",
      "/dev",
      ...tmpfs("2097152", "/dev/shm", "1777"),
      "--remount-ro",
      "/dev",
    ],
    [
      ...tmpfs("2097152", "/tmp", "1777"),
      ...tmpfs("1048576", "/run"),
      ...tmpfs("8388608", "/home/agent", "0750"),
    ],
    ["--perms", "0755", "--dir", "/opt", "--perms", "0755", "--dir", "/opt/redline"],
    [
      "--ro-bind",
      process.execPath,
      "/opt/redline/bin/node",
      "--remount-ro",
      "/",
      "--chdir",
      "/home/agent",
      "--",
    ],
  ].flat();
}

/** /bin and kin are links into /usr on merged systems and folders on others. */
function systemFolder(path: string): string[] {
  try {
    return ["--symlink", readlinkSync(path), path];
  } catch {
    return ["--ro-bind-try", path, path];
  }
}
