import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** What `scripts/setup.mjs` found or unpacked (`.cache/tools/manifest.json`). */
const manifestSchema = z.object({
  bins: z.record(z.string(), z.object({ path: z.string(), version: z.string().optional() })),
  libDirs: z.array(z.string()).default([]),
});
export type ToolManifest = z.infer<typeof manifestSchema>;

/** Folder of the repository: two levels above this package's `src` or `dist`. */
export const repositoryRoot = fileURLToPath(new URL("../../../", import.meta.url));
export const manifestPath = join(repositoryRoot, ".cache", "tools", "manifest.json");

/** The manifest, or an empty one where set-up has not run: programs are then looked for on PATH. */
export async function readToolManifest(): Promise<ToolManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(manifestPath, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { bins: {}, libDirs: [] };
    throw error;
  }
}

/** Path of a program: the environment's own choice, the manifest's, or its bare name for PATH. */
export function toolPath(manifest: ToolManifest, name: string): string {
  const chosen = name === "nats-server" ? process.env["NATS_SERVER_BIN"] : undefined;
  return chosen !== undefined && chosen !== "" ? chosen : (manifest.bins[name]?.path ?? name);
}

/** What `nats-server --version` says, empty when it says nothing. */
export function natsVersion(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(path, ["--version"], { timeout: 5000 }, (error, stdout) =>
      resolve(error === null ? (/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "") : ""),
    );
  });
}

/** PATH for lab processes: an ordinary user's lacks the sbin folders where `ip`, `nft` and `sshd` live. */
export function labPath(): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((p) => p !== "");
  return [...new Set([...own, "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"])].join(":");
}
