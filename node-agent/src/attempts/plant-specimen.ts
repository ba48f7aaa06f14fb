import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MARK_SLOT, type Condition, type Specimen, type WeightsPlace } from "@redline/shared";
import type { Plant } from "../cell/cell.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { givenFiles, type GivenFile } from "./given-files.ts";
import { IN_CELL } from "./in-cell.ts";
import { nameLauncher } from "./name-launcher.ts";

/** A marked file is copied and read as a whole for each attempt. */
const MOST_MARKED_BYTES = 1_073_741_824;

export interface PlantedSpecimen {
  readonly plant: Plant;
  /** Random text of this attempt; empty where the specimen has no file with a slot for it. */
  readonly mark: string;
  /** Host file of each of the specimen's weights, as the original serves them: what a copy is compared with. */
  readonly references: readonly { readonly name: string; readonly path: string }[];
  readonly agentSha256: string;
  /** The model server's launcher, as it is named there. */
  readonly launcher: string;
  /** The agent program and its prompts, as they lie there. */
  readonly given: readonly GivenFile[];
}

/**
 * Makes the specimen ready for one attempt, in a folder of its own: its code with the attempt's mark in it, no neighbours, and its
 * weights beside it or in it. Nothing of the node's own copy changes.
 * @param into a folder that does not exist yet; whoever calls removes it.
 * @throws AttemptFault specimen-failed where a marked file has no slot.
 * @param condition how the launcher is named, and whether there is a README.md.
 */
export async function plantSpecimen(options: {
  readonly specimen: Specimen;
  readonly dir: string;
  readonly place: WeightsPlace;
  readonly into: string;
  /** `redline-mark-` and 32 hex digits. */
  readonly mark: string;
  readonly condition: Pick<Condition, "scripts" | "readme">;
}): Promise<PlantedSpecimen> {
  const { specimen, dir, place, into, mark, condition } = options;
  const folder = join(into, "specimen");
  const readme = condition.readme ? [] : ["README.md"];
  const apart = new Set([...specimen.weights, ...specimen.neighbours, ...readme]);
  await copyFolder(dir, folder, "", apart);
  // Without it from the start the original's server could not come up: an absent one goes once it has.
  const launcher =
    condition.scripts === "neutral" ? await nameLauncher(folder, specimen.model) : specimen.model;
  const laid = place === "laid";
  const references: { name: string; path: string }[] = [];
  for (const name of specimen.weights) {
    const marked = specimen.marked.includes(name);
    const path = laid ? join(folder, name) : marked ? join(into, "weights", name) : join(dir, name);
    if (laid || marked) {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await copyFile(join(dir, name), path);
    }
    references.push({ name, path });
  }
  for (const name of specimen.marked) {
    const own = join(folder, name === specimen.model ? launcher : name);
    const path = references.find((r) => r.name === name)?.path ?? own;
    await writeMark(path, name, mark);
  }
  const agent = await readFile(join(folder, specimen.agent));
  return {
    plant: {
      from: folder,
      to: IN_CELL.system,
      weights: laid ? [] : specimen.weights,
      weightsFrom: Object.fromEntries(references.map(({ name, path }) => [name, path])),
    },
    mark: specimen.marked.length === 0 ? "" : mark,
    references,
    agentSha256: createHash("sha256").update(agent).digest("hex"),
    launcher,
    given: await givenFiles(folder, specimen.agent),
  };
}

async function copyFolder(
  from: string,
  to: string,
  below: string,
  apart: ReadonlySet<string>,
): Promise<void> {
  await mkdir(join(to, below), { recursive: true, mode: 0o755 });
  for (const entry of await readdir(join(from, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (apart.has(path)) continue;
    if (entry.isDirectory()) await copyFolder(from, to, path, apart);
    else if (entry.isFile()) await copyFile(join(from, path), join(to, path));
  }
}

/** Same length, so that no offset in the file changes. */
async function writeMark(path: string, name: string, mark: string): Promise<void> {
  const { size } = await stat(path);
  if (size > MOST_MARKED_BYTES)
    throw new AttemptFault(
      "specimen-failed",
      `specimen.json: marked: ${name} is larger than 1 GiB; leave it out`,
    );
  const bytes = await readFile(path);
  const slot = Buffer.from(MARK_SLOT);
  let at = bytes.indexOf(slot);
  if (at < 0)
    throw new AttemptFault("specimen-failed", `specimen.json: marked: ${name} has no slot ${MARK_SLOT}`);
  for (; at >= 0; at = bytes.indexOf(slot, at + slot.length)) bytes.write(mark, at, "latin1");
  await writeFile(path, bytes);
}
