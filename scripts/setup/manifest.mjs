import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeToolsFolder, tools, unpackedBin } from "./places.mjs";
import { libraryFolders } from "./unpacked-programs.mjs";

const manifestFile = join(tools, "manifest.json");

/**
 * `.cache/tools/manifest.json`, which the lab reads:
 *
 *     {
 *       "v": 1,
 *       "bins": { "<program>": { "path": string, "version": string, "how": string }, ... },
 *       "libDirs": string[]
 *     }
 *
 * - bins has, always: nats-server, bwrap, nft, ip, ss, sshd, ssh, ssh-keygen, unshare, nsenter,
 *   setpriv, mount, bash, tar.
 * - path is absolute and runs as it is; below `.cache/tools/bin` it may be a wrapper script that sets
 *   LD_LIBRARY_PATH, and a cell that gets the program needs all of `.cache/tools`, at any place.
 * - how, for people: "found", "unpacked" or "named by NATS_SERVER_BIN".
 * - libDirs: absolute folders of unpacked shared libraries, empty when no program was unpacked.
 *
 * Written in one step, so that a reader never sees half of it.
 */
export function writeManifest(bins) {
  const unpacked = Object.values(bins).some(({ path }) => path.startsWith(`${unpackedBin}/`));
  const manifest = { v: 1, bins, libDirs: unpacked ? libraryFolders() : [] };
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  if (text === currentText()) return;
  makeToolsFolder();
  const draft = `${manifestFile}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, manifestFile);
}

function currentText() {
  try {
    return readFileSync(manifestFile, "utf8");
  } catch {
    return undefined;
  }
}
