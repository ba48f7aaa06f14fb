import {
  accessSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { tools } from "./places.mjs";
import { runProgram } from "./run-program.mjs";

const versionsFile = join(tools, "versions.json");

/** An ordinary user's PATH lacks these, and sshd, nft and ip live there. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Relative entries are left out because they mean another folder in each process, and npm's own
 * `node_modules/.bin` because a package may bring a program of the name of a system one.
 */
export function searchFolders(path = process.env.PATH ?? "") {
  const fromPath = path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !folder.includes("/node_modules/"));
  return [...new Set([...fromPath, ...SYSTEM_FOLDERS])];
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name) {
  return searchFolders()
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

let known;

function knownVersions() {
  if (known !== undefined) return known;
  try {
    known = JSON.parse(readFileSync(versionsFile, "utf8"));
  } catch {
    known = {};
  }
  return known;
}

/**
 * The version a program prints, or undefined when it does not run (a missing library, another
 * architecture). Kept by path, time and size, because thirteen starts would take longer than all
 * the rest of a setup that has nothing to do.
 */
export function versionOf(path, program) {
  const { mtimeMs, size } = statSync(realpathSync(path));
  const entry = knownVersions()[path];
  if (entry?.mtimeMs === mtimeMs && entry.size === size) return entry.version;
  const [args, pattern] = program.version;
  const version = pattern.exec(runProgram(path, args).output)?.[1]?.replace(/[,)]$/, "");
  if (version !== undefined) knownVersions()[path] = { mtimeMs, size, version };
  return version;
}

/** Losing this file costs a few milliseconds, so a folder that cannot be written to is no error. */
export function saveVersions() {
  const text = `${JSON.stringify(knownVersions())}\n`;
  try {
    if (readFileSync(versionsFile, "utf8") === text) return;
  } catch {
    // Not there yet.
  }
  try {
    writeFileSync(`${versionsFile}.${process.pid}`, text);
    renameSync(`${versionsFile}.${process.pid}`, versionsFile);
  } catch {
    // See above.
  }
}
