import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { tinyGguf } from "./tiny-gguf.ts";
import { writeWeights } from "./write-weights.ts";

async function tempFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "redline-specimen-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe("writeWeights", () => {
  it("writes the file, nothing beside it, and says its digest", async () => {
    await using temp = await tempFolder();
    const written = await writeWeights(temp.folder, { seed: 1 });
    const sha256 = createHash("sha256")
      .update(await readFile(written.path))
      .digest("hex");
    const file = path.join(temp.folder, "weights", "tiny.gguf");
    expect(written).toMatchObject({ path: file, sha256, written: true });
    expect(await readdir(path.dirname(written.path))).toEqual(["tiny.gguf"]);
  });

  it("writes the near neighbour of the same seed beside them, with a name of its own", async () => {
    await using temp = await tempFolder();
    const { path: weights, neighbours } = await writeWeights(temp.folder, { seed: 1 });
    expect(neighbours.map((file) => file.path)).toEqual([
      path.join(temp.folder, "neighbours", "requantised.gguf"),
    ]);
    const bytes = await readFile(neighbours[0]?.path ?? "");
    expect(bytes.equals(tinyGguf({ seed: 1, name: "tiny-q8", rounded: true }))).toBe(true);
    expect(bytes.equals(await readFile(weights))).toBe(false);
  });

  it("leaves the same content alone", async () => {
    await using temp = await tempFolder();
    const first = await writeWeights(temp.folder, { seed: 1 });
    const { ino } = await stat(first.path);
    const neighbours = first.neighbours.map((file) => ({ ...file, written: false }));
    expect(await writeWeights(temp.folder, { seed: 1 })).toEqual({ ...first, written: false, neighbours });
    expect((await stat(first.path)).ino).toBe(ino);
  });

  it("replaces other content by a new file", async () => {
    await using temp = await tempFolder();
    const first = await writeWeights(temp.folder, { seed: 1 });
    const { ino } = await stat(first.path);
    const second = await writeWeights(temp.folder, { seed: 2 });
    expect(second.sha256).not.toBe(first.sha256);
    expect((await stat(second.path)).ino).not.toBe(ino);
  });

  it("reports a folder that it cannot write to", async () => {
    await using temp = await tempFolder();
    await writeFile(path.join(temp.folder, "weights"), "a file in the way");
    await expect(writeWeights(temp.folder, { seed: 1 })).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
