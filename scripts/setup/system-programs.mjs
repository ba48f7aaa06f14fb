import { join } from "node:path";
import { findOnPath, isExecutable, versionOf } from "./find-program.mjs";
import { commandToType, installPackages, isRoot, packagesFor } from "./package-manager.mjs";
import { unpackedBin, unpackedSystem } from "./places.mjs";
import { fetchAndUnpack } from "./private-apt.mjs";
import { programs } from "./programs.mjs";
import { SetupError } from "./setup-error.mjs";
import { withSetupLock } from "./setup-lock.mjs";
import { placeUnpacked } from "./unpacked-programs.mjs";

export const mayFetch = () => process.env.REDLINE_SETUP_NO_FETCH !== "1";

/** A program that is there but does not run counts as not there. */
export function locate(program) {
  const candidates = [
    { path: findOnPath(program.name), how: "found" },
    { path: join(unpackedBin, program.name), how: "unpacked" },
  ];
  for (const { path, how } of candidates) {
    if (path === undefined || !isExecutable(path)) continue;
    const version = versionOf(path, program);
    if (version !== undefined) return { path, version, how };
  }
  return undefined;
}

function unpack(missing) {
  const reason = fetchAndUnpack({ packages: packagesFor(missing, "apt"), into: unpackedSystem });
  if (reason === undefined) for (const { name } of missing) placeUnpacked(name);
  return reason;
}

/**
 * Gets what is missing: as root by the package manager, else (or when that fails) by unpacking.
 * @returns {string[]} why the ways that failed did
 */
export function obtain(missing) {
  const reasons = [];
  if (isRoot()) {
    const reason = installPackages(missing);
    if (reason === undefined) return reasons;
    reasons.push(`  installing failed:\n${reason}`);
  }
  const reason = unpack(missing);
  if (reason !== undefined) reasons.push(`  unpacking without root failed:\n${reason}`);
  return reasons;
}

export function missingMessage(missing, reasons) {
  const names = missing.map((program) => program.name).join(", ");
  const command = commandToType(missing);
  const remedy =
    command === undefined
      ? `install the packages that bring them (on Debian: ${packagesFor(missing, "apt").join(" ")})`
      : `type:\n\n    ${command}\n`;
  return [`missing: ${names}`, ...reasons, `setup: to go on, ${remedy}`].join("\n");
}

/** Which programs are here and which are not. */
function survey() {
  const found = new Map();
  const missing = [];
  for (const program of programs) {
    const place = locate(program);
    if (place === undefined) missing.push(program);
    else found.set(program.name, place);
  }
  const ssh = found.get("ssh");
  const keygen = found.get("ssh-keygen");
  if (ssh !== undefined && keygen !== undefined) keygen.version = ssh.version;
  return { found, missing };
}

/** @returns {Promise<Map<string, { path: string, version: string, how: string }>>} by program name */
export async function provideSystemPrograms(say) {
  const before = survey();
  const listed = [...before.found].map(([name, { version }]) => `${name} ${version}`);
  if (listed.length > 0) say(`found ${listed.join(", ")}`);
  if (before.missing.length === 0) return before.found;

  let reasons = [];
  if (mayFetch()) {
    await withSetupLock(say, () => {
      // Another setup may have got them while this one waited.
      const { missing } = survey();
      if (missing.length === 0) return;
      say(`getting ${packagesFor(missing, "apt").join(", ")}`);
      reasons = obtain(missing);
    });
  }
  const after = survey();
  for (const [name, { version, path, how }] of after.found) {
    if (before.found.has(name)) continue;
    const where = how === "unpacked" ? "unpacked in .cache/tools (no root)" : `installed at ${path}`;
    say(`${name} ${version} ${where}`);
  }
  if (after.missing.length > 0) throw new SetupError(missingMessage(after.missing, reasons), 1);
  return after.found;
}
