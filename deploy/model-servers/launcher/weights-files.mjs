// @ts-check
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { oneLine } from "./launch-error.mjs";

/**
 * @typedef {object} WeightsFound
 * @property {{name: string, path: string, size: number, mtimeMs: number}[]} files in their order
 * @property {string[]} problems why they are not there, or not whole
 */

const MAX_INDEX_BYTES = 67_108_864;
const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * The files of weights of a plan, and what is missing of them by their own index.
 * @param {import("./kinds.mjs").Plan["weights"]} weights @returns {Promise<WeightsFound>}
 */
export async function weightsFiles({ form, place, model }) {
  if (form === "hf") return huggingFace(place);
  return form === "gguf" ? gguf(place) : ollama(place, model);
}

/** @param {string} folder @returns {Promise<WeightsFound>} */
async function huggingFace(folder) {
  const problems = [];
  for (const name of ["config.json", "tokenizer_config.json"])
    if ((await statOf(join(folder, name))) === null) problems.push(`${join(folder, name)} is not there`);
  const indexPath = join(folder, "model.safetensors.index.json");
  if ((await statOf(indexPath)) === null) {
    const one = await named(folder, ["model.safetensors"]);
    if (one.files.length === 1) return { files: one.files, problems };
    return { files: [], problems: [...problems, `${indexPath} is not there, nor a model.safetensors`] };
  }
  const index = await json(indexPath);
  const map = index !== null && "weight_map" in index ? index.weight_map : null;
  if (typeof map !== "object" || map === null)
    return {
      files: [],
      problems: [...problems, `${indexPath} is not JSON with a weight_map: fetch it again`],
    };
  const names = [...new Set(Object.values(map))].filter((name) => typeof name === "string").sort();
  const odd = names.filter((name) => name !== basename(name));
  if (odd.length > 0)
    return { files: [], problems: [`${indexPath} names ${oneLine(odd[0])}, outside of the folder`] };
  const found = await named(folder, names);
  const sum = found.files.reduce((total, { size }) => total + size, 0);
  const said = index !== null && "metadata" in index ? Number(index.metadata?.total_size) : Number.NaN;
  const short =
    found.problems.length === 0 && sum < said
      ? [`the shards hold ${sum} bytes, the index says at least ${said}: one of them is not whole`]
      : [];
  return { files: found.files, problems: [...problems, ...found.problems, ...short] };
}

/** @param {string} path @returns {Promise<WeightsFound>} */
async function gguf(path) {
  const folder = dirname(path);
  const split = SPLIT.exec(basename(path));
  if (split === null) return checkedGguf(await named(folder, [basename(path)]));
  const [, stem = "", , count = "1"] = split;
  const names = Array.from(
    { length: Math.min(Number(count), 1000) },
    (_, i) => `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.gguf`,
  );
  return checkedGguf(await named(folder, names));
}

/** @param {WeightsFound} found @returns {Promise<WeightsFound>} */
async function checkedGguf(found) {
  const small = found.files
    .filter(({ size }) => size < 24)
    .map(({ path }) => `${path} is no GGUF: it is too small`);
  return { files: found.files, problems: [...found.problems, ...small] };
}

/**
 * A model in Ollama's store: its manifest names the blobs.
 * @param {string} store @param {string} model @returns {Promise<WeightsFound>}
 */
async function ollama(store, model) {
  const [name = "", tag = "latest"] = model.split(":");
  const path = join(
    store,
    "manifests/registry.ollama.ai",
    name.includes("/") ? name : `library/${name}`,
    tag,
  );
  const remedy = `ollama pull ${model}`;
  if ((await statOf(path)) === null) return { files: [], problems: [`${path} is not there: ${remedy}`] };
  const manifest = await json(path);
  const layers =
    manifest !== null && "layers" in manifest && Array.isArray(manifest.layers) ? manifest.layers : [];
  const blobs = layers.filter((layer) => layer?.mediaType === "application/vnd.ollama.image.model");
  const names = blobs.map((layer) => String(layer.digest).replace(":", "-"));
  if (names.length === 0 || names.some((blob) => !/^sha256-[0-9a-f]{64}$/.test(blob)))
    return { files: [], problems: [`${path} names no blob of weights: ${remedy}`] };
  const found = await named(join(store, "blobs"), names);
  const short = found.files
    .filter(({ size }, i) => size !== Number(blobs[i]?.size ?? size))
    .map(({ path: blob }) => `${blob} is not whole: ${remedy}`);
  return { files: found.files, problems: [...found.problems, ...short] };
}

/** @param {string} folder @param {readonly string[]} names @returns {Promise<WeightsFound>} */
async function named(folder, names) {
  const files = [];
  const missing = [];
  for (const name of names) {
    const path = join(folder, name);
    const info = await statOf(path);
    if (info === null) missing.push(path);
    else files.push({ name, path, size: info.size, mtimeMs: info.mtimeMs });
  }
  const more = missing.length > 3 ? ` and ${missing.length - 3} more of ${names.length}` : "";
  const problems =
    missing.length === 0
      ? []
      : [
          `not there: ${missing
            .slice(0, 3)
            .map((p) => oneLine(p))
            .join(", ")}${more}`,
        ];
  return { files, problems };
}

/** @param {string} path */
async function statOf(path) {
  const info = await stat(path).catch(() => null);
  return info !== null && info.isFile() ? info : null;
}

/** @param {string} path @returns {Promise<Record<string, any> | null>} */
async function json(path) {
  try {
    if ((await stat(path)).size > MAX_INDEX_BYTES) return null;
    const value = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
