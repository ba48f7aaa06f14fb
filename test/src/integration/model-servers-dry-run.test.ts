import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FakePath, freePort } from "./model-servers-fake.ts";
import { shards, store, tinyWeights } from "./model-servers-weights.ts";

const drySchema = z.object({
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  checks: z.array(z.object({ what: z.string(), state: z.string(), detail: z.string() })),
});

async function dryRun(fake: FakePath, launcher: string, args: readonly string[]) {
  const port = String(await freePort());
  const run = fake.launch(launcher, ["--dry-run", "--json", "--port", port, ...args]);
  const code = await run.code;
  if (run.stdout === "") throw new Error(run.stderr);
  const found = drySchema.parse(JSON.parse(run.stdout));
  return { code, ...found, state: new Map(found.checks.map(({ what, state }) => [what, state])), found };
}
const detailOf = (dry: { found: z.infer<typeof drySchema> }, what: string) =>
  dry.found.checks.find((check) => check.what === what)?.detail ?? "";

describe("dry runs of the launchers", () => {
  it.each([
    ["vllm.mjs", "qwen2.5-72b-instruct", "8", "hermes"],
    ["vllm.mjs", "qwen2.5-72b-instruct-awq", "2", "hermes"],
    ["vllm.mjs", "qwen2.5-72b-instruct-gptq-int4", "2", "hermes"],
    ["vllm.mjs", "llama-3.1-70b-instruct", "8", "llama3_json"],
    ["vllm.mjs", "llama-3.1-70b-instruct-awq-int4", "2", "llama3_json"],
    ["vllm.mjs", "llama-3.1-70b-instruct-gptq-int4", "2", "llama3_json"],
  ])("%s %s: whole weights, program there, no GPU to look at", async (launcher, preset, gpus, parser) => {
    await using fake = await FakePath.make(["vllm"]);
    const dry = await dryRun(fake, launcher, [preset, "--weights", await shards(fake)]);
    const after = (word: string) => dry.args[dry.args.indexOf(word) + 1];
    expect(after("--tensor-parallel-size")).toBe(gpus);
    expect(after("--tool-call-parser")).toBe(parser);
    expect(after("--served-model-name")).toBe(preset);
    expect(after("--host")).toBe("127.0.0.1");
    expect(dry.env).toMatchObject({ HF_HUB_OFFLINE: "1" });
    expect(dry.state.get("weights")).toBe("ok");
    expect(dry.state.get("gpus")).toBe("not checked");
    expect(dry.code).toBe(0);
    expect(await fake.notes()).toEqual([]);
  });

  it("llama-server, Ollama and the small server", async () => {
    await using fake = await FakePath.make(["llama-server", "ollama"]);
    const weights = await tinyWeights(fake);
    const llama = await dryRun(fake, "llama-server.mjs", ["any-cpu", "--weights", weights, "--", "--mlock"]);
    expect(llama.args.slice(-1)).toEqual(["--mlock"]);
    expect(llama.code).toBe(0);
    const ollama = await dryRun(fake, "ollama.mjs", [
      ...["any-cpu", "--name", "made-up:1b", "--weights", await store(fake)],
    ]);
    expect(ollama.env["OLLAMA_KEEP_ALIVE"]).toBe("-1");
    expect(ollama.code).toBe(0);
    const small = await dryRun(fake, "small.mjs", ["any", "--weights", weights]);
    expect(small.state.get("weights")).toBe("ok");
    expect(small.state.get("start")).toBe("not checked");
  });

  it("names shards that are missing or not whole, and an index that leads out of the folder", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const folder = await shards(fake, 241);
    const args = ["llama-3.1-70b-instruct", "--weights", folder];
    const short = await dryRun(fake, "vllm.mjs", args);
    expect(short.code).toBe(3);
    expect(detailOf(short, "weights")).toContain("240 bytes, the index says at least 241");
    const index = join(folder, "model.safetensors.index.json");
    await writeFile(index, JSON.stringify({ weight_map: { a: "model-00003-of-00003.safetensors" } }));
    expect(detailOf(await dryRun(fake, "vllm.mjs", args), "weights")).toMatch(/not there: .*00003-of-00003/);
    await writeFile(index, JSON.stringify({ weight_map: { a: "../../x" } }));
    expect(detailOf(await dryRun(fake, "vllm.mjs", args), "weights")).toContain("outside of the folder");
    await writeFile(index, "{");
    expect(detailOf(await dryRun(fake, "vllm.mjs", args), "weights")).toContain("is not JSON");
  });

  it("names parts of a split GGUF that are missing, and a blob of Ollama that is not whole", async () => {
    await using fake = await FakePath.make(["llama-server", "ollama"]);
    const first = await fake.file("m-00001-of-00003.gguf", Buffer.alloc(100));
    await fake.file("m-00003-of-00003.gguf", Buffer.alloc(100));
    const llama = await dryRun(fake, "llama-server.mjs", ["any-cpu", "--weights", first]);
    expect(detailOf(llama, "weights")).toMatch(/not there: .*m-00002-of-00003\.gguf$/);
    const args = ["any-cpu", "--name", "made-up:1b", "--weights", await store(fake, 65)];
    expect(detailOf(await dryRun(fake, "ollama.mjs", args), "weights")).toContain("ollama pull made-up:1b");
  });

  it("counts GPUs and their memory through a fake nvidia-smi", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const args = ["qwen2.5-72b-instruct", "--weights", join(fake.dir, "none")];
    const smi = (rows: string) => fake.program("nvidia-smi", `#!/bin/sh\n${rows}\n`);
    await smi("for i in 1 2 3 4 5 6 7 8; do echo 81920; done");
    const large = await dryRun(fake, "vllm.mjs", args);
    expect([large.state.get("gpus"), large.state.get("gpu memory")]).toEqual(["ok", "ok"]);
    await smi("echo 24576; echo 24576");
    const small = await dryRun(fake, "vllm.mjs", [...args, "--gpus", "2"]);
    expect([small.state.get("gpus"), small.state.get("gpu memory")]).toEqual(["ok", "failed"]);
    await smi("echo no devices; exit 6");
    expect((await dryRun(fake, "vllm.mjs", args)).state.get("gpus")).toBe("failed");
  });

  it.each([
    ["vllm.mjs", ["nope"], "there is no preset nope"],
    ["vllm.mjs", [], "name a preset"],
    ["vllm.mjs", ["qwen2.5-72b-instruct"], "--weights DIR is missing"],
    ["small.mjs", ["tiny", "--port", "0"], "--port must be a whole number"],
    ["small.mjs", ["tiny", "--host", "0.0.0.0"], "is not loopback"],
    ["ollama.mjs", ["any-cpu", "--bogus"], "bogus"],
    ["ollama.mjs", ["any-cpu"], "--name MODEL is missing"],
  ])("%s %j is refused as usage", async (launcher, args, message) => {
    await using fake = await FakePath.make([]);
    const run = fake.launch(launcher, args);
    expect(await run.code).toBe(2);
    expect(run.stderr).toContain(message);
  });
});
