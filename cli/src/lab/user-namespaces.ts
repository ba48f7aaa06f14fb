import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Null when an unprivileged lab can be made here, else what refuses it and the remedy. */
export function userNamespaceProblem(unshare: string): string | null {
  const tried = spawnSync(unshare, ["-Urmn", "--pid", "--fork", "--mount-proc", "true"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  if (tried.status === 0) return null;
  if (tried.error !== undefined)
    return `the program unshare (package util-linux) could not be started: ${tried.error.message}`;
  const said = tried.stderr.trim().split("\n")[0] ?? "";
  const remedies = [
    read("/proc/sys/kernel/unprivileged_userns_clone") === "0"
      ? "sudo sysctl kernel.unprivileged_userns_clone=1"
      : "",
    read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === "1"
      ? "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (or an AppArmor profile that grants userns to unshare and bwrap)"
      : "",
    read("/proc/sys/user/max_user_namespaces") === "0" ? "sudo sysctl user.max_user_namespaces=15000" : "",
  ].filter((line) => line !== "");
  const advice =
    remedies.length > 0
      ? remedies.join("; ")
      : "run on a Linux machine, not in a container that forbids user namespaces (for Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined)";
  return `this kernel refuses user namespaces (${said}). Remedy: ${advice}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
