import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyWeights } from "../../model-server/tiny-weights.ts";
import type { BrainRequest } from "../brain.ts";
import { brainConformance, QUESTION } from "../conformance.ts";
import { weightsBrain } from "./weights-brain.ts";

const never = () => new AbortController().signal;
const limits = { contextTokens: 2048, timeoutMs: 60_000, maxTokens: 12 };
const ask = (text: string): BrainRequest => ({ tools: [], messages: [{ role: "user", content: text }] });

let weights: Awaited<ReturnType<typeof tinyWeights>>;
beforeAll(async () => void (weights = await tinyWeights(7)));
afterAll(() => weights[Symbol.asyncDispose]());

brainConformance("weights", () => weightsBrain({ ...limits, file: "/nowhere.gguf" }));

describe("weightsBrain", { timeout: 120_000 }, () => {
  it("answers from the file, the same again, and counts tokens", async () => {
    const brain = weightsBrain({ ...limits, file: weights.file });
    try {
      brain.prepare?.();
      const [first, second] = [
        await brain.complete(ask("Hello x7k2."), never()),
        await brain.complete(ask("Hello x7k2."), never()),
      ];
      const other = await brain.complete(ask("Hello p9qw, and more."), never());
      expect(first.text).toMatch(/./);
      expect(second).toEqual(first);
      expect(other.text).not.toBe(first.text);
      expect(first).toMatchObject({ model: "tiny.gguf", usage: { completionTokens: 12 } });
      // One token a byte, and the template around them.
      expect(first.usage.promptTokens).toBeGreaterThan("Hello x7k2.".length);
      // The whole conversation counts, also where the engine still holds most of it.
      expect(other.usage.promptTokens).toBeGreaterThan(first.usage.promptTokens);
      expect((await brain.complete(QUESTION, never())).toolCalls).toEqual([]);
    } finally {
      await brain.close?.();
    }
  });

  it("takes a seed and a temperature", async () => {
    const said = async (seed: number) => {
      const brain = weightsBrain({ ...limits, file: weights.file, temperature: 1.5, seed });
      try {
        return (await brain.complete(ask("Once upon a time"), never())).text;
      } finally {
        await brain.close?.();
      }
    };
    const [one, again, two] = [await said(1), await said(1), await said(2)];
    expect(again).toBe(one);
    expect(two).not.toBe(one);
  });

  it("leaves out the oldest where the context is full, by its policy", async () => {
    const turns = Array.from({ length: 8 }, (_, n): BrainRequest["messages"] => [
      { role: "assistant", content: `${n}`.repeat(40) },
      { role: "user", content: "on".repeat(20) },
    ]).flat();
    const request: BrainRequest = { tools: [], messages: [{ role: "user", content: "Task." }, ...turns] };
    for (const overflow of ["drop-oldest", "end"] as const) {
      const brain = weightsBrain({ ...limits, file: weights.file, contextTokens: 512, overflow });
      try {
        const asked = brain.complete(request, never());
        if (overflow === "end") await expect(asked).rejects.toMatchObject({ code: "context_overflow" });
        else {
          const { sent = [] } = await asked;
          expect(sent.length).toBeLessThan(request.messages.length);
          expect([sent[0], sent.at(-1)]).toEqual([request.messages[0], request.messages.at(-1)]);
        }
      } finally {
        await brain.close?.();
      }
    }
  });

  it("is unavailable where the file cannot be loaded", async () => {
    const brain = weightsBrain({ ...limits, file: "/nowhere.gguf" });
    await expect(brain.complete(ask("x"), never())).rejects.toMatchObject({ code: "unavailable" });
    await brain.close?.();
  });

  /** Another script in the model's place: what a crash of native code or an endless answer looks like. */
  it.each([
    ["dies", "process.exit(139)", "unavailable"],
    ["never answers", "process.on('message', () => undefined)", "timeout"],
    [
      "sends what is no answer",
      "process.on('message', () => process.send({ kind: 'answer', id: 1 }))",
      "timeout",
    ],
  ])("outlives a child that %s", async (_, code, expected) => {
    const folder = await mkdtemp(path.join(tmpdir(), "redline-child-"));
    try {
      const script = path.join(folder, "child.mjs");
      await writeFile(script, `process.on("disconnect", () => process.exit(0)); ${code}`);
      const brain = weightsBrain({ ...limits, file: "/x", timeoutMs: 500, script: pathToFileURL(script) });
      await expect(brain.complete(ask("x"), never())).rejects.toMatchObject({ code: expected });
      await brain.close?.();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("ends its child with its signal, in the middle of an answer too", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "redline-child-"));
    try {
      const pidFile = path.join(folder, "pid");
      const script = path.join(folder, "child.mjs");
      await writeFile(
        script,
        `import { writeFileSync } from "node:fs";
        process.on("message", () => writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)));`,
      );
      const stop = new AbortController();
      const options = { ...limits, file: "/x", script: pathToFileURL(script), signal: stop.signal };
      const brain = weightsBrain(options);
      const asked = brain.complete(ask("x"), stop.signal);
      asked.catch(() => undefined);
      await expect.poll(() => existsSync(pidFile), { timeout: 10_000 }).toBe(true);
      stop.abort();
      await expect(asked).rejects.toMatchObject({ code: "aborted" });
      await brain.close?.();
      const { readFile } = await import("node:fs/promises");
      expect(existsSync(`/proc/${await readFile(pidFile, "utf8")}`)).toBe(false);
      await expect(brain.complete(ask("x"), never())).rejects.toMatchObject({ code: "aborted" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
