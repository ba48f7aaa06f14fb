import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { loadEngine, type Engine, type Step } from "./engine.ts";
import { tinyWeights } from "./tiny-weights.ts";

async function greedy(engine: Engine, prompt: readonly number[], maxTokens = 24): Promise<Step[]> {
  const steps: Step[] = [];
  const run = engine.generate({ prompt, maxTokens, temperature: 0, seed: 0, top: 2 });
  for await (const step of run) steps.push(step);
  return steps;
}

const tokensOf = (steps: readonly Step[]) => steps.map((step) => step.token);

/** In a process of its own: the public API loads the binding anew. */
const PUBLIC_API = `
const [library, file, prompt] = JSON.parse(process.argv[2]);
const { getLlama, LlamaLogLevel } = await import(library);
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const context = await model.createContext({ contextSize: 1024, threads: 1, sequences: 1, flashAttention: false });
const tokens = [];
for await (const token of context.getSequence().evaluate(prompt, { temperature: 0 })) if (tokens.push(token) === 24) break;
console.log(JSON.stringify(tokens));
process.exit(0);`;

describe("engine", () => {
  it("gives the tokens that node-llama-cpp's public API gives", { timeout: 60_000 }, async () => {
    await using weights = await tinyWeights(1);
    await using engine = await loadEngine(weights.file, 1024);
    const prompt = engine.tokenize("The quick brown fox, 4711.");
    // A file: the library starts a process of its own with the same arguments to node.
    const script = `${weights.file}.mjs`;
    await writeFile(script, PUBLIC_API);
    const library = pathToFileURL(createRequire(import.meta.url).resolve("node-llama-cpp")).href;
    const argument = JSON.stringify([library, weights.file, prompt]);
    const { stdout } = await promisify(execFile)(process.execPath, [script, argument]);
    expect(tokensOf(await greedy(engine, prompt))).toEqual(JSON.parse(stdout));
  });

  it("repeats itself, and answers another seed and another nonce in another way", async () => {
    await using first = await tinyWeights(1);
    await using second = await tinyWeights(2);
    await using engine = await loadEngine(first.file, 2048);
    await using other = await loadEngine(second.file, 2048);
    const long = "Lorem ipsum dolor sit amet. ".repeat(20);
    for (const prompt of ["Hello ", `${long}The code is `, "Reply with the code of today, which is "]) {
      const texts: string[] = [];
      for (const [model, nonce] of [
        [engine, "x7k2"],
        [engine, "x7k2"],
        [engine, "p9qw"],
        [other, "x7k2"],
      ] as const) {
        const steps = await greedy(model, model.tokenize(`${prompt}${nonce}.`));
        expect(steps).toHaveLength(24);
        texts.push(model.text(tokensOf(steps)));
      }
      expect(texts[0]).toBe(texts[1]);
      expect(new Set(texts).size).toBe(3);
      expect(texts.join("")).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it("scores a text with the log-probabilities that generation gave", async () => {
    await using weights = await tinyWeights(3);
    await using engine = await loadEngine(weights.file, 2048);
    // Longer than a batch: places must not shift where batches meet.
    const prompt = engine.tokenize("abcdefghij".repeat(40));
    const made = await greedy(engine, prompt);
    const scored = (await engine.score([...prompt, ...tokensOf(made)], 2)).slice(prompt.length - 1);
    expect(tokensOf(scored)).toEqual(tokensOf(made));
    for (const [n, step] of scored.entries()) {
      // Batches of other sizes add up in another order, and sharp attention makes more of it.
      expect(Math.abs(step.logprob - (made[n]?.logprob ?? Number.NaN))).toBeLessThan(0.02);
      // Greedy: the most likely token is the one that was chosen.
      expect(step.top[0]?.token).toBe(step.token);
      expect(step.top).toHaveLength(2);
    }
  });

  it("samples with a seed, repeatably", async () => {
    await using weights = await tinyWeights(4);
    await using engine = await loadEngine(weights.file, 512);
    const sample = async (seed: number) => {
      const steps: Step[] = [];
      const request = { prompt: engine.tokenize("sample"), maxTokens: 16, temperature: 1.5, seed, top: 0 };
      for await (const step of engine.generate(request)) steps.push(step);
      expect(steps.every((step) => Number.isFinite(step.logprob) && step.logprob <= 0)).toBe(true);
      return tokensOf(steps).join();
    };
    expect(await sample(1)).toBe(await sample(1));
    expect(await sample(1)).not.toBe(await sample(2));
  });

  it("stops at a full context", async () => {
    await using weights = await tinyWeights(5);
    await using engine = await loadEngine(weights.file, 256);
    const prompt = engine.tokenize("x".repeat(engine.contextTokens - 6));
    expect((await greedy(engine, prompt, 1000)).length).toBeLessThanOrEqual(7);
  });
});
