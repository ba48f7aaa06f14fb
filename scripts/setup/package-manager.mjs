import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { findOnPath } from "./find-program.mjs";
import { isWritable } from "./places.mjs";
import { holdSignals, reasonLines, runProgram } from "./run-program.mjs";

const POLICY_FILE = "/usr/sbin/policy-rc.d";

const managers = [
  {
    name: "apt",
    program: "apt-get",
    install: ["install", "-y", "--no-install-recommends"],
    refresh: ["update"],
  },
  { name: "dnf", program: "dnf", install: ["install", "-y"] },
  { name: "pacman", program: "pacman", install: ["-S", "--needed", "--noconfirm"], refresh: ["-Sy"] },
  { name: "zypper", program: "zypper", install: ["--non-interactive", "install", "--no-recommends"] },
];

/** Uid 0 alone does not say it: in a user namespace of an ordinary user, or with a read-only /usr, nothing installs. */
export const isRoot = () => process.getuid() === 0 && isWritable("/usr/sbin");

export function packageManager() {
  return managers.find((manager) => findOnPath(manager.program) !== undefined);
}

/** The packages that bring these programs; a program without one in this distribution is left out. */
export function packagesFor(programs, managerName) {
  return [...new Set(programs.flatMap((program) => program.packages[managerName] ?? []))];
}

/** The one line a person has to type, or undefined when no manager knows a package for all of them. */
export function commandToType(programs) {
  const manager = packageManager();
  if (manager === undefined) return undefined;
  const packages = packagesFor(programs, manager.name);
  if (packages.length === 0) return undefined;
  const sudo = isRoot() ? "" : "sudo ";
  const refresh =
    manager.refresh === undefined ? "" : `${sudo}${manager.program} ${manager.refresh.join(" ")} && `;
  return `${refresh}${sudo}${manager.program} ${manager.install.join(" ")} ${packages.join(" ")}`;
}

/**
 * Keeps the packages' daemons from starting: openssh-server and nats-server would, and setup wants
 * the programs only. Debian's maintainer scripts ask policy-rc.d first; 101 is "no". A policy that
 * is already there is the administrator's and stays.
 */
function withoutServices(work) {
  const placed = !existsSync(POLICY_FILE);
  if (placed) {
    writeFileSync(
      POLICY_FILE,
      "#!/bin/sh\n# placed by redline setup for the time of one installation\nexit 101\n",
    );
    chmodSync(POLICY_FILE, 0o755);
  }
  try {
    return work();
  } finally {
    if (placed) rmSync(POLICY_FILE, { force: true });
  }
}

/** policy-rc.d stops the start now; this stops the one at the next boot. Units that are not there do not matter. */
function disableUnits(packages) {
  if (!existsSync("/run/systemd/system")) return;
  const units = {
    "openssh-server": ["ssh.service", "ssh.socket", "sshd.service"],
    "nats-server": ["nats-server.service"],
  };
  for (const unit of packages.flatMap((name) => units[name] ?? []))
    runProgram("systemctl", ["disable", unit]);
}

function aptInstall(manager, packages) {
  const environment = { env: { DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "l", RUNLEVEL: "1" } };
  const wait = ["-o", "DPkg::Lock::Timeout=120"];
  const install = () => runProgram(manager.program, [...wait, ...manager.install, ...packages], environment);
  const first = install();
  if (first.ok) return first;
  // No index yet, or one that names files which are gone.
  runProgram(manager.program, [...wait, "update"], environment);
  return install();
}

/**
 * As root only: installs the packages of these programs.
 * @returns {string | undefined} why it failed
 */
export function installPackages(programs) {
  const manager = packageManager();
  if (manager === undefined) return "    no package manager that setup knows (apt, dnf, pacman, zypper)";
  const packages = packagesFor(programs, manager.name);
  if (packages.length === 0) return `    ${manager.name} has no package for it`;
  const { ok, output } = holdSignals(() => {
    if (manager.name === "apt") return withoutServices(() => aptInstall(manager, packages));
    const first = runProgram(manager.program, [...manager.install, ...packages]);
    if (first.ok || manager.refresh === undefined) return first;
    runProgram(manager.program, manager.refresh);
    return runProgram(manager.program, [...manager.install, ...packages]);
  });
  if (!ok) return reasonLines(output);
  disableUnits(packages);
  return undefined;
}
