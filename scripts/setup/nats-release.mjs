import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./run-program.mjs";

/**
 * The project's own release. The digests are those with which NATS builds its official container
 * image: nats-io/nats-docker, commit aa0caa57b71c01566a100b47b2ed94de6ef6cf80,
 * 2.14.x/alpine3.22/Dockerfile. A new version takes both digests from the same place.
 */
const RELEASE = {
  version: "2.14.5",
  sha256: {
    x64: "5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355",
    arm64: "673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c",
  },
};
/** Short to the first byte (many networks let nothing through and say nothing), longer for the 7 MB. */
const ANSWER_MS = 5_000;
const DOWNLOAD_MS = 90_000;

async function download(url) {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), ANSWER_MS);
  try {
    const answer = await fetch(url, { signal: abort.signal });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), DOWNLOAD_MS);
    return Buffer.from(await answer.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Puts `nats-server` into the folder `into`.
 * @returns {Promise<string | undefined>} why it failed
 */
export async function fetchNatsRelease(into) {
  const digest = RELEASE.sha256[process.arch];
  if (digest === undefined) return `no release is pinned for ${process.arch}`;
  const goArch = process.arch === "x64" ? "amd64" : process.arch;
  const name = `nats-server-v${RELEASE.version}-linux-${goArch}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE.version}/${name}.tar.gz`;
  let archive;
  try {
    archive = await download(url);
  } catch (error) {
    return `GitHub is out of reach (${error.cause?.code ?? error.message})`;
  }
  const got = createHash("sha256").update(archive).digest("hex");
  if (got !== digest) return `${url} has SHA-256 ${got}, expected ${digest}`;
  mkdirSync(into, { recursive: true });
  const file = join(into, "release.tar.gz");
  writeFileSync(file, archive);
  const unpack = runProgram("tar", [
    "-xzf",
    file,
    "-C",
    into,
    "--strip-components=1",
    "--no-same-owner",
    `${name}/nats-server`,
  ]);
  rmSync(file);
  return unpack.ok ? undefined : unpack.output;
}
