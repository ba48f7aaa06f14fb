import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { WeightsFile } from "@redline/shared";
import { hashFile, type HashOptions } from "./hash-file.ts";
import { headerOf } from "./header-of.ts";

/** A file of weights: its name relative to the specimen's folder, and where its bytes lie on this host. */
export interface ReferenceFile {
  readonly name: string;
  readonly path: string;
}

/**
 * What the weights of a specimen in folder `dir` are: names as given, sizes, shard digests, family (empty for an unknown or
 * unreadable format). In the order of `weights`.
 * @throws Error when a file cannot be read whole.
 */
export const referenceManifest = (
  dir: string,
  weights: readonly string[],
  options: HashOptions = {},
): Promise<WeightsFile[]> =>
  manifestOf(
    weights.map((name) => ({ name, path: join(dir, name) })),
    options,
  );

/** The same of files that do not all lie in one folder (a marked copy beside the originals). */
export async function manifestOf(
  files: readonly ReferenceFile[],
  options: HashOptions = {},
): Promise<WeightsFile[]> {
  const described: WeightsFile[] = [];
  for (const file of files) described.push(await describe(file, options));
  return described;
}

async function describe({ name, path }: ReferenceFile, options: HashOptions): Promise<WeightsFile> {
  const remedy = `check that ${path} is a readable file`;
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Error(`weights ${name} cannot be opened: ${remedy}`, { cause });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`weights ${name} are no regular file: ${remedy}`);
    const hashed = await hashFile(file, stat.size, options);
    if (!hashed.ok) throw new Error(`weights ${name} could not be hashed (${hashed.why}): ${remedy}`);
    const header = await headerOf(file, stat.size, options);
    return { name, size: stat.size, shards: hashed.shards, family: header.ok ? header.value.family : "" };
  } finally {
    await file.close();
  }
}
