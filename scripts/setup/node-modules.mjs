import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isWritable, repository, tools } from "./places.mjs";
import { holdSignals, runProgram } from "./run-program.mjs";
import { SetupError } from "./setup-error.mjs";
import { withSetupLock } from "./setup-lock.mjs";

const modules = join(repository, "node_modules");
const lockFile = join(repository, "package-lock.json");
/** npm writes it last: without it an install was broken off. */
const installedFile = join(modules, ".package-lock.json");
const hashFile = join(modules, ".redline-lock-hash");

const lockHash = () => createHash("sha256").update(readFileSync(lockFile)).digest("hex");
const packagesIn = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

const isNeededHere = (entry) =>
  !entry.optional &&
  (entry.os?.includes(process.platform) ?? true) &&
  (entry.cpu?.includes(process.arch) ?? true);

/**
 * True when npm's record of what it installed agrees with the lock file. Spares who has just run
 * `npm ci` or `npm install` by hand a second install.
 */
function agreesWithLock() {
  const installed = packagesIn(installedFile);
  return Object.entries(packagesIn(lockFile)).every(([path, wanted]) => {
    if (path === "") return true;
    const got = installed[path];
    if (got === undefined) return !isNeededHere(wanted);
    return got.version === wanted.version && got.integrity === wanted.integrity;
  });
}

function isFresh() {
  if (!existsSync(installedFile)) return false;
  const hash = lockHash();
  if (existsSync(hashFile) && readFileSync(hashFile, "utf8").trim() === hash) return true;
  if (!agreesWithLock()) return false;
  // Another user's node_modules that is right may be used as it is; it is only compared each time.
  if (isWritable(modules)) writeFileSync(hashFile, `${hash}\n`);
  return true;
}

function checkWritable() {
  if (existsSync(modules) && !isWritable(modules)) {
    throw new SetupError(
      `node_modules is out of date and belongs to another user (uid ${statSync(modules).uid}); ` +
        `run setup as that user, or remove it: sudo rm -rf ${modules}`,
      2,
    );
  }
  if (!isWritable(repository)) {
    throw new SetupError(
      `node_modules is missing and ${repository} cannot be written to; run as the user who owns this clone, or clone into a folder of your own`,
      2,
    );
  }
}

/** npm by the path it was itself started by: the `npm` on PATH may belong to another Node. */
function npmCommand() {
  const script = process.env.npm_execpath;
  return script?.endsWith("npm-cli.js") === true ? [process.execPath, script] : ["npm"];
}

function install() {
  const [program, ...first] = npmCommand();
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  // package.json allows no install script (allowScripts); older npm does not know that field.
  args.push("--ignore-scripts");
  const cache = join(tools, "npm-cache");
  const env = isWritable(process.env.HOME ?? homedir()) ? {} : { npm_config_cache: cache };
  const { ok, output } = holdSignals(() =>
    runProgram(program, [...first, ...args], { cwd: repository, env }),
  );
  rmSync(cache, { recursive: true, force: true });
  if (!ok) {
    console.error(output);
    throw new SetupError(
      "npm ci failed (its output is above); it needs the npm registry or a filled npm cache. Once it is in reach: npm ci",
      1,
    );
  }
  writeFileSync(hashFile, `${lockHash()}\n`);
}

export async function provideNodeModules(say) {
  if (!isFresh()) {
    checkWritable();
    await withSetupLock(say, () => {
      if (isFresh()) return;
      say("node_modules is missing or out of date, running npm ci (about a minute)");
      install();
    });
  }
  say("node_modules up to date");
}
