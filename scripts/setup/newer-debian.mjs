import { existsSync, readFileSync } from "node:fs";
import { fetchAndUnpack } from "./private-apt.mjs";
import { runProgram } from "./run-program.mjs";

const KEYRINGS = ["gpg", "pgp"].map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`);

function isDebian() {
  try {
    return /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** apt's own reading of its sources; without that option it leaves out what was never downloaded. */
const LIST_SOURCES = [
  "indextargets",
  "--no-release-info",
  "--format",
  "$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
  "Created-By: Packages",
];

/**
 * Where this machine may get Debian from: a mirror or a company's cache, never a name of ours.
 * Security, updates and backports have suites with a hyphen and lie elsewhere. Another vendor's
 * archive can be among them; it fails the signature check against Debian's keyring.
 */
function archives() {
  const { ok, output } = runProgram("apt-get", LIST_SOURCES);
  if (!ok) return [];
  const lines = output.split("\n").map((line) => line.split("|"));
  const main = lines.filter(([, suite, component]) => component === "main" && /^[a-z]+$/.test(suite));
  return [...new Set(main.map(([uri]) => uri))];
}

/**
 * Unpacks a package of a newer Debian suite. Its libc need is met or not; who calls must see whether
 * the program runs.
 * @returns {string | undefined} why it failed
 */
export function fetchFromNewerDebian(name, suite, into) {
  if (!isDebian()) return "this is not Debian";
  const keyring = KEYRINGS.find((path) => existsSync(path));
  if (keyring === undefined) return "Debian's archive keyring is not here";
  let reason = "apt's sources name no Debian archive";
  for (const uri of archives()) {
    const sources = `deb [signed-by=${keyring}] ${uri} ${suite} main\n`;
    // Without libraries: another suite's would come with another libc.
    reason = fetchAndUnpack({ packages: [name], into, sources, libraries: false });
    if (reason === undefined) return undefined;
  }
  return reason;
}
