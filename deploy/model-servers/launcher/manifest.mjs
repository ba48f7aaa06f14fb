// @ts-check
import { readFile, rename, writeFile } from "node:fs/promises";
import { EXIT, LaunchError, oneLine } from "./launch-error.mjs";
import { weightsFiles } from "./weights-files.mjs";

/** Where a specimen has its weights; names in a manifest are relative to the specimen's folder. */
const FOLDER = "weights";
const BUILT = "../../../node-agent/dist/weights/reference-manifest.js";

/**
 * Writes what the node daemons record of weights: name, size, sha256 of each 256 MiB and family of every file, by the very code
 * of the daemons. Written anew after each file; a file whose size and time of change are those of the last time is not read again.
 * @param {import("./kinds.mjs").Plan} plan @param {string} path @param {(line: string) => void} say
 */
export async function writeManifest(plan, path, say) {
  const { manifestOf } = await import(BUILT).catch((cause) => {
    throw new LaunchError(
      EXIT.usage,
      `the node daemon is not built (${oneLine(cause?.code ?? cause)}): npm run build`,
    );
  });
  const found = await weightsFiles(plan.weights);
  if (found.problems.length > 0)
    throw new LaunchError(EXIT.checkFailed, `weights: ${found.problems.join("; ")}`);
  const known = await readKnown(path);
  const files = [];
  const seen = [];
  for (const { name, path: place, size, mtimeMs } of found.files) {
    const stamp = `${place} ${size} ${mtimeMs}`;
    const old = known.get(stamp);
    const [file] = old === undefined ? await manifestOf([{ name: `${FOLDER}/${name}`, path: place }]) : [old];
    say(`${name}: ${size} bytes, ${file.shards.length} shards${old === undefined ? "" : ", as before"}`);
    files.push(file);
    seen.push(stamp);
    await write(path, {
      v: 1,
      model: plan.modelName,
      whole: files.length === found.files.length,
      files,
      seen,
    });
  }
}

/** Files of an earlier manifest by where, how large and how old they were. @param {string} path */
async function readKnown(path) {
  try {
    const { files, seen } = JSON.parse(await readFile(path, "utf8"));
    return new Map(seen.map((/** @type {string} */ stamp, /** @type {number} */ i) => [stamp, files[i]]));
  } catch {
    return new Map();
  }
}

/** @param {string} path @param {object} content */
async function write(path, content) {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`);
  await rename(draft, path);
}
