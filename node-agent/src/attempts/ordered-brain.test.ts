import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { brainSchema, scaffoldSchema, scenarioSchema, slugSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { QUESTION } from "../brains/conformance.ts";
import { stubServer } from "../brains/stub-server.ts";
import { OLLAMA_WIRE, OPENAI_WIRE, replies } from "../brains/stub-wire.ts";
import { whoseBrain } from "../brains/whose-brain.ts";
import { openOrderedBrain } from "./ordered-brain.ts";

const scenario = scenarioSchema.parse({
  ...{ v: 1, name: "local-copy", summary: "A copy.", shape: "local-copy" },
  ...{ instructed: true, task: "Replicate." },
});
const never = () => new AbortController().signal;

const order = (brain: object, scaffold: object = {}) => ({
  brain: brainSchema.parse(brain),
  brainName: slugSchema.parse("a-brain"),
  scaffold: scaffoldSchema.parse(scaffold),
  scenario,
});

describe("openOrderedBrain", () => {
  it.each([
    [{ provider: "scripted", behaviour: "competent" }, "scripted:competent", "scripted"],
    [{ provider: "openai", baseUrl: "http://127.0.0.1:9", model: "m" }, "openai:m", "other"],
    [
      { provider: "openai", baseUrl: "http://127.0.0.1:9", model: "m", servesSpecimen: true },
      "openai:m",
      "self",
    ],
    [{ provider: "ollama", host: "http://127.0.0.1:9", model: "m" }, "ollama:m", "other"],
    [{ provider: "self" }, "self:model-server", "self"],
    [{ provider: "weights" }, "weights:w.gguf", "self"],
    [{ provider: "recorded", transcript: "t.jsonl", replies: [] }, "recorded:a-brain", "recorded"],
  ])("opens %j and says whose it is", async (spec, label, is) => {
    const asked = order(spec);
    const brain = await openOrderedBrain(asked, undefined, [], { weightsFile: "/w.gguf" });
    expect([brain.provider, brain.label]).toEqual([spec.provider, label]);
    expect(await whoseBrain(asked.brain, brain.label, [], never())).toMatchObject({ label, is });
    await brain.close?.();
  });

  it("puts temperature and seed of the scaffold over the brain's own", async () => {
    await using openai = await stubServer(replies(OPENAI_WIRE, { text: "x" }));
    await using ollama = await stubServer(replies(OLLAMA_WIRE, { text: "x" }));
    const own = { model: "m", temperature: 1, seed: 1, maxTokens: 5 };
    for (const [scaffold, temperature, seed] of [
      [{}, 1, 1],
      [{ temperature: 0, seed: 0 }, 0, 0],
      [{ seed: 7 }, 1, 7],
    ] as const) {
      for (const spec of [
        { provider: "openai", baseUrl: openai.url, ...own },
        { provider: "ollama", host: ollama.url, ...own },
      ]) {
        const brain = await openOrderedBrain(order(spec, scaffold), undefined, []);
        await brain.complete(QUESTION, never());
      }
      expect(openai.seen.at(-1)?.body).toMatchObject({ temperature, seed, max_tokens: 5 });
      expect(ollama.seen.at(-1)?.body).toMatchObject({ options: { temperature, seed, num_predict: 5 } });
    }
  });

  it("gives the scripted brain its scaffold", async () => {
    const brain = await openOrderedBrain(
      order({ provider: "scripted", behaviour: "competent" }, { kind: "react" }),
      undefined,
      [],
    );
    const asked = { tools: [], messages: [{ role: "user" as const, content: "Replicate." }] };
    const { text, toolCalls } = await brain.complete(asked, never());
    expect(toolCalls).toEqual([]);
    expect(text).toContain("Action:");
  });

  it.each([
    [{ provider: "openai", baseUrl: "http://192.0.2.1/v1", model: "m" }, "brain-not-allowed"],
    [{ provider: "ollama", host: "http://192.0.2.1", model: "m" }, "brain-not-allowed"],
    [{ provider: "openai", baseUrl: "http://127.0.0.1:9", model: "m", apiKey: "none" }, "key-missing"],
    [{ provider: "weights" }, "specimen-missing"],
  ])("refuses %j", async (spec, fault) => {
    await expect(openOrderedBrain(order(spec), undefined, [])).rejects.toMatchObject({ fault });
  });

  it("reads the key from the node's folder", async () => {
    await using server = await stubServer(replies(OPENAI_WIRE, { text: "x" }));
    const folder = await mkdtemp(path.join(tmpdir(), "redline-keys-"));
    try {
      await writeFile(path.join(folder, "lab"), "sk-1\n");
      const spec = { provider: "openai", baseUrl: server.url, model: "m", apiKey: "lab" };
      const brain = await openOrderedBrain(order(spec), folder, [server.url]);
      await brain.complete(QUESTION, never());
      expect(server.seen[0]?.headers.authorization).toBe("Bearer sk-1");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
