import { rmSync } from "node:fs";
import { mkdtemp, readFile, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellError } from "../cell/cell-error.ts";
import type { Engine } from "./engine.ts";

/** What the driver needs to know of an image before it starts cells from it. */
export interface CellImage {
  /** Digest, as the engine counts. */
  readonly id: string;
  /** Where podman has mounted it, read-only; undefined with docker, which mounts it itself. */
  readonly root: string | undefined;
  /** Where the host can read the image's bash, a copy of which becomes init: it fits the image's own libraries. */
  readonly bash: string;
  readonly openssh: string;
  readonly sshVersion: readonly [major: number, minor: number];
}

/** The programs that an image must have, where every cell expects them. */
export const IMAGE_TOOLS = { bash: "/bin/bash", sshd: "/usr/sbin/sshd", tar: "/usr/bin/tar" } as const;

/**
 * Looks into an image without running anything of it. Podman mounts it for us; of docker's, copies are made in a folder that goes
 * with the daemon.
 * @throws CellError "tool" naming what the image lacks
 */
export async function openImage(engine: Engine, image: string): Promise<CellImage> {
  const id = (await engine.need(["image", "inspect", "--format", "{{.Id}}", image])).trim();
  const root = engine.name === "podman" ? (await engine.need(["image", "mount", image])).trim() : undefined;
  const folder = root ?? (await copyByDocker(engine, image));
  const at = async (path: string) =>
    root === undefined ? join(folder, path.slice(1).replaceAll("/", "-")) : inImage(root, path);
  await at(IMAGE_TOOLS.tar);
  // The version stands in the program: asking it would be running it outside of a cell.
  const sshd = await readFile(await at(IMAGE_TOOLS.sshd), "latin1");
  const version = /OpenSSH_((\d+)\.(\d+)\w*)/.exec(sshd);
  if (version === null)
    throw new CellError("tool", `${image}: ${IMAGE_TOOLS.sshd} does not tell its version`);
  return {
    ...{ id, root, bash: await at(IMAGE_TOOLS.bash), openssh: version[1] ?? "?" },
    sshVersion: [Number(version[2]), Number(version[3])],
  };
}

async function copyByDocker(engine: Engine, image: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "redline-image-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const container = (await engine.need(["create", "--network", "none", image, "/bin/true"])).trim();
  try {
    for (const path of Object.values(IMAGE_TOOLS))
      await engine.need([
        "cp",
        "-L",
        `${container}:${path}`,
        join(folder, path.slice(1).replaceAll("/", "-")),
      ]);
  } catch (error) {
    throw missing(error);
  } finally {
    await engine.remove(container);
  }
  return folder;
}

/** Links are followed, and must stay inside. */
async function inImage(root: string, path: string): Promise<string> {
  try {
    const real = await realpath(join(root, path));
    if (real.startsWith(`${root}/`)) return real;
  } catch (error) {
    throw missing(error);
  }
  throw new CellError("tool", `${path} leads out of the image`);
}

const missing = (cause: unknown) =>
  new CellError(
    "tool",
    `the image needs ${Object.values(IMAGE_TOOLS).join(", ")}: install bash, openssh-server and tar in it`,
    {
      cause,
    },
  );
