// @ts-check
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Path of a program, or null. @param {string} program @param {string} [path] */
export async function findProgram(program, path = process.env["PATH"] ?? "") {
  const places = program.includes("/") ? [program] : path.split(delimiter).map((dir) => join(dir, program));
  for (const place of places)
    if (
      await access(place, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return place;
  return null;
}

/** Null where the port can be had, else why not. @param {string} host @param {number} port @returns {Promise<string | null>} */
export function portTaken(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** Free bytes where a folder lies, or null. @param {string} folder */
export async function freeBytes(folder) {
  const info = await statfs(folder).catch(() => null);
  return info === null ? null : info.bavail * info.bsize;
}

/**
 * Memory of each NVIDIA GPU in MiB; null where nvidia-smi is not there, a text where it fails.
 * @returns {Promise<number[] | string | null>}
 */
export async function gpuMemory() {
  const program = await findProgram("nvidia-smi");
  if (program === null) return null;
  try {
    const { stdout } = await run(program, ["--query-gpu=memory.total", "--format=csv,noheader,nounits"], {
      timeout: 20_000,
      maxBuffer: 1_048_576,
    });
    const rows = stdout
      .split("\n")
      .map((row) => row.trim())
      .filter((row) => row !== "");
    const numbers = rows.map(Number);
    return numbers.some((n) => !(n > 0)) ? `nvidia-smi said: ${rows.join("; ").slice(0, 200)}` : numbers;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
