import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * For tests: real weights in a temp folder. The writer belongs to the specimen kit of `cli`, which this package
 * must not depend on, so it is loaded by its path in the repository.
 */
export async function tinyWeights(seed: number): Promise<AsyncDisposable & { readonly file: string }> {
  const kit: unknown = await import(new URL("../../../cli/src/specimen/tiny-gguf.ts", import.meta.url).href);
  if (!isKit(kit)) throw new Error("the specimen kit has no tinyGguf");
  const folder = await mkdtemp(path.join(tmpdir(), "redline-weights-"));
  const file = path.join(folder, "tiny.gguf");
  await writeFile(file, kit.tinyGguf({ seed }));
  return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

function isKit(value: unknown): value is { tinyGguf: (options: { seed: number }) => Buffer } {
  return (
    typeof value === "object" && value !== null && "tinyGguf" in value && typeof value.tinyGguf === "function"
  );
}
