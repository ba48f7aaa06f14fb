import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOnPath } from "./find-program.mjs";
import { tools } from "./places.mjs";
import { reasonLines, runProgram } from "./run-program.mjs";

/**
 * Fetches Debian packages without being root, and unpacks them without installing anything: apt
 * keeps its index and its downloads in a folder of ours, and still checks every signature with the
 * machine's own keys. The index (20 MB and more) goes away with the folder.
 */

export const canUnpack = () =>
  ["apt-get", "dpkg", "dpkg-deb"].every((name) => findOnPath(name) !== undefined);

/** `sources`: lines for another suite than the machine's; left out, the machine's own are used. */
function configuration(root, sources) {
  const lines = [
    `Dir::State "${root}/state";`,
    `Dir::Cache "${root}/cache";`,
    `Dir::Log "${root}";`,
    'Dir::State::status "/var/lib/dpkg/status";',
    // As root apt would download as its own user, which need not be able to reach this folder.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::http::Timeout "15";',
    'Acquire::https::Timeout "15";',
    'Acquire::Retries "1";',
    // The machine's hooks tidy the machine's folders, or want root.
    "#clear APT::Update::Pre-Invoke;",
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
  ];
  if (sources !== undefined) {
    // Not `Dir::Etc` as a whole: proxies and credentials live there too.
    lines.push(`Dir::Etc::sourcelist "${root}/sources.list";`, `Dir::Etc::sourceparts "${root}/none";`);
    lines.push(`Dir::Etc::preferences "${root}/none/x";`, `Dir::Etc::preferencesparts "${root}/none";`);
  }
  return `${lines.join("\n")}\n`;
}

/**
 * The packages to download: those wanted and the libraries which the machine lacks, as apt works
 * them out. The rest of a dependency list (adduser, init scripts) matters to an installation only.
 */
function withLibraries(apt, packages) {
  const { ok, output } = apt(["--simulate", "--no-install-recommends", "install", ...packages]);
  if (!ok) return packages;
  const planned = [...output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
  return [...new Set([...packages, ...planned.filter((name) => name.startsWith("lib"))])];
}

/**
 * @param {{ packages: string[], into: string, sources?: string, libraries?: boolean }} request
 * @returns {string | undefined} why it failed
 */
export function fetchAndUnpack({ packages, into, sources, libraries = true }) {
  if (!canUnpack()) return "    apt-get and dpkg are not here, so packages cannot be unpacked without root";
  // Left by a setup that was killed: the caller holds the setup lock, so nobody else uses one now.
  for (const name of readdirSync(tools).filter((entry) => entry.startsWith("apt-"))) {
    rmSync(join(tools, name), { recursive: true, force: true });
  }
  const root = mkdtempSync(join(tools, "apt-"));
  try {
    const downloads = join(root, "downloads");
    for (const folder of ["state/lists/partial", "cache/archives/partial", "downloads", "none"]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, "apt.conf"), configuration(root, sources));
    if (sources !== undefined) writeFileSync(join(root, "sources.list"), sources);
    const apt = (args) =>
      runProgram("apt-get", ["-c", join(root, "apt.conf"), "-q", ...args], { cwd: downloads });

    const update = apt(["update"]);
    const wanted = libraries ? withLibraries(apt, packages) : packages;
    const download = apt(["download", ...wanted]);
    // apt's update ends well when it reached nothing; its warnings are then the true reason.
    if (!download.ok) return reasonLines(`${download.output}\n${update.output}`);

    mkdirSync(into, { recursive: true });
    for (const file of readdirSync(downloads)) {
      const unpack = runProgram("dpkg-deb", ["-x", join(downloads, file), into]);
      if (!unpack.ok) return reasonLines(unpack.output);
    }
    return undefined;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
