import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { isExecutable } from "./find-program.mjs";
import { unpackedBin, unpackedSystem } from "./places.mjs";
import { runProgram } from "./run-program.mjs";

const PROGRAM_FOLDERS = ["usr/sbin", "usr/bin", "sbin", "bin"];

/** Folders of the unpacked tree that hold shared libraries, absolute. */
export function libraryFolders() {
  const folders = ["usr/lib", "lib"].flatMap((base) => {
    const path = join(unpackedSystem, base);
    if (!existsSync(path)) return [];
    const multiarch = readdirSync(path).filter((name) => /-linux-gnu/.test(name));
    return [path, ...multiarch.map((name) => join(path, name))];
  });
  return folders.filter((folder) => readdirSync(folder).some((name) => name.includes(".so")));
}

/**
 * From OpenSSH 9.8 on sshd starts a second program for each connection, by a path fixed when it was
 * built; the options that override the path exist from the same versions on.
 */
function sshdOptions(fromBin) {
  const parts = [
    ["SshdSessionPath", "usr/lib/openssh/sshd-session"],
    ["SshdAuthPath", "usr/lib/openssh/sshd-auth"],
  ];
  return parts
    .filter(([, path]) => existsSync(join(unpackedSystem, path)))
    .map(([option, path]) => ` -o "${option}=${fromBin(join(unpackedSystem, path))}"`)
    .join("");
}

/** Paths are relative to the wrapper itself, so that a moved clone, or a bind mount of it, still works. */
function wrapperText(name, target) {
  const fromBin = (path) => `\${0%/*}/${relative(unpackedBin, path)}`;
  const libraries = libraryFolders().map(fromBin).join(":");
  const options = name === "sshd" ? sshdOptions(fromBin) : "";
  return [
    "#!/bin/sh",
    "# Written by redline setup: this program was unpacked, not installed, and so were its libraries.",
    `export LD_LIBRARY_PATH="${libraries}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
    `exec "${fromBin(target)}"${options} "$@"`,
    "",
  ].join("\n");
}

const lacksLibraries = (path) => /not found/.test(runProgram("ldd", [path]).output);

/**
 * Gives a program of the unpacked tree its place in `.cache/tools/bin`: a link where it runs with
 * the machine's libraries, else a wrapper, because LD_LIBRARY_PATH is inherited by all it starts.
 */
export function placeUnpacked(name) {
  const target = PROGRAM_FOLDERS.map((folder) => join(unpackedSystem, folder, name)).find(isExecutable);
  if (target === undefined) return;
  mkdirSync(unpackedBin, { recursive: true });
  const place = join(unpackedBin, name);
  const draft = `${place}.${process.pid}`;
  const needsOptions = name === "sshd" && sshdOptions(String) !== "";
  if (needsOptions || lacksLibraries(target)) {
    writeFileSync(draft, wrapperText(name, target));
    chmodSync(draft, 0o755);
  } else {
    symlinkSync(relative(unpackedBin, target), draft);
  }
  renameSync(draft, place);
}
