// @ts-check
import { access } from "node:fs/promises";
import { totalmem, tmpdir } from "node:os";
import { dirname } from "node:path";
import { oneLine } from "./launch-error.mjs";
import { findProgram, freeBytes, gpuMemory, portTaken } from "./machine.mjs";
import { weightsFiles } from "./weights-files.mjs";

/**
 * @typedef {object} Check
 * @property {string} what
 * @property {"ok" | "failed" | "not checked"} state
 * @property {string} detail
 */

const GIB = 1024 ** 3;
/** Room that servers need beside the weights, for caches of compiled code and sockets. */
const SPARE_BYTES = GIB;
/** Beside a GPU's share of the weights: activations, the cache of keys and values, the runtime. An estimate. */
const GPU_EXTRA = 1.2;

/** @param {string} what @param {boolean} good @param {string} detail @returns {Check} */
const check = (what, good, detail) => ({ what, state: good ? "ok" : "failed", detail: oneLine(detail, 600) });
/** @param {string} what @param {string} detail @returns {Check} */
const unchecked = (what, detail) => ({ what, state: "not checked", detail });
/** @param {number} bytes */
const gib = (bytes) => `${(bytes / GIB).toFixed(1)} GiB`;

/** @param {string} path @returns {Promise<Check>} */
async function neededFile(path) {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return check("built", there, there ? path : `${path} is not there: npm run build`);
}

/**
 * What can be known without starting anything.
 * @param {import("./kinds.mjs").Plan} plan @param {import("./kinds.mjs").Preset} preset
 * @param {{host: string, port: number, gpus: number}} where @returns {Promise<Check[]>}
 */
export async function checksOf(plan, preset, { host, port, gpus }) {
  const program = await findProgram(plan.program);
  const weights = await weightsFiles(plan.weights);
  const bytes = weights.files.reduce((sum, { size }) => sum + size, 0);
  const taken = await portTaken(host, port);
  return [
    check("program", program !== null, program ?? `${plan.program} is not on PATH: install it`),
    ...(await Promise.all((plan.needs ?? []).map(neededFile))),
    check(
      "weights",
      weights.problems.length === 0,
      weights.problems.join("; ") || `${weights.files.length} files, ${gib(bytes)} at ${plan.weights.place}`,
    ),
    ...(await diskChecks(plan, preset, weights.problems.length > 0, bytes, gpus)),
    check("port", taken === null, taken === null ? `${host}:${port} is free` : `${host}:${port}: ${taken}`),
    ...(await gpuChecks(Math.max(bytes, weights.problems.length > 0 ? preset.bytes : 0), gpus)),
    ...(gpus === 0
      ? [check("memory", totalmem() > bytes, `${gib(totalmem())} in all, the weights are ${gib(bytes)}`)]
      : []),
    unchecked("start", "whether the program takes these words and the weights load: only a start shows that"),
    unchecked("digests", "whether the weights are the published ones: --manifest FILE makes their digests"),
  ];
}

/**
 * @param {import("./kinds.mjs").Plan} plan @param {import("./kinds.mjs").Preset} preset
 * @param {boolean} missing @param {number} bytes @param {number} gpus @returns {Promise<Check[]>}
 */
async function diskChecks(plan, preset, missing, bytes, gpus) {
  const checks = [];
  if (missing) {
    const place = plan.weights.place;
    const free = (await freeBytes(place)) ?? (await freeBytes(dirname(place)));
    const needed = Math.max(0, preset.bytes - bytes);
    checks.push(
      free === null
        ? unchecked("disk for weights", `${place} lies nowhere yet`)
        : check(
            "disk for weights",
            free >= needed,
            `${gib(free)} free, about ${gib(needed)} are to be fetched`,
          ),
    );
  }
  const free = await freeBytes(tmpdir());
  if (free !== null)
    checks.push(check("disk for scratch", free >= SPARE_BYTES, `${gib(free)} free in ${tmpdir()}`));
  if (gpus > 1) {
    const shared = await freeBytes("/dev/shm");
    if (shared !== null)
      checks.push(
        check(
          "shared memory",
          shared >= SPARE_BYTES,
          `${gib(shared)} free in /dev/shm; ${gpus} GPUs talk over it`,
        ),
      );
  }
  return checks;
}

/** @param {number} bytes @param {number} gpus @returns {Promise<Check[]>} */
async function gpuChecks(bytes, gpus) {
  if (gpus === 0) return [];
  const found = await gpuMemory();
  if (found === null) return [unchecked("gpus", `nvidia-smi is not on PATH; the preset wants ${gpus}`)];
  if (typeof found === "string") return [check("gpus", false, `nvidia-smi failed: ${found}`)];
  const neededMiB = Math.ceil(((bytes / gpus) * GPU_EXTRA) / 1024 ** 2);
  const large = found.filter((mib) => mib >= neededMiB).length;
  return [
    check("gpus", found.length >= gpus, `${found.length} there, ${gpus} wanted`),
    check(
      "gpu memory",
      large >= gpus,
      `${large} have ${neededMiB} MiB or more (a share of the weights and a fifth, an estimate)`,
    ),
  ];
}
