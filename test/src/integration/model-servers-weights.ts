import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWeights } from "@redline/cli";
import type { FakePath } from "./model-servers-fake.ts";

const TINY = fileURLToPath(new URL("../../../studies/specimens/tiny/", import.meta.url));

/** A Hugging Face folder of two small shards; the index says how large they are together. */
export async function shards(fake: FakePath, total = 200): Promise<string> {
  await fake.file("hf/config.json", "{}");
  await fake.file("hf/tokenizer_config.json", "{}");
  const weight_map = { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" };
  await fake.file(
    "hf/model.safetensors.index.json",
    JSON.stringify({ metadata: { total_size: total }, weight_map }),
  );
  for (const name of Object.values(weight_map)) await fake.file(`hf/${name}`, Buffer.alloc(120));
  return join(fake.dir, "hf");
}
/** Ollama's store with one model of 64 bytes. */
export async function store(fake: FakePath, size = 64): Promise<string> {
  const blob = Buffer.alloc(64, 7);
  const digest = createHash("sha256").update(blob).digest("hex");
  const layers = [
    { mediaType: "application/vnd.ollama.image.params", digest: `sha256:${"0".repeat(64)}`, size: 3 },
    { mediaType: "application/vnd.ollama.image.model", digest: `sha256:${digest}`, size },
  ];
  await fake.file("store/manifests/registry.ollama.ai/library/made-up/1b", JSON.stringify({ layers }));
  await fake.file(`store/blobs/sha256-${digest}`, blob);
  return join(fake.dir, "store");
}
export async function tinyWeights(fake: FakePath): Promise<string> {
  const folder = join(fake.dir, "tiny");
  await cp(join(TINY, "specimen.json"), join(folder, "specimen.json"));
  await writeWeights(folder, { seed: 3 });
  return join(folder, "weights/tiny.gguf");
}
