import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readBrainOption } from "./brain-option.ts";

const read = (text: string, keyFile?: string, cwd = "/somewhere") => readBrainOption(text, { cwd, keyFile });

describe("--brain", () => {
  it.each([
    ["scripted:competent", { provider: "scripted", behaviour: "competent" }, null],
    ["weights", { provider: "weights" }, null],
    ["self", { provider: "self" }, null],
    [
      "openai:http://127.0.0.1:8000/v1,org/model-7b",
      { provider: "openai", baseUrl: "http://127.0.0.1:8000/v1", model: "org/model-7b" },
      "http://127.0.0.1:8000/v1",
    ],
    [
      "ollama:http://127.0.0.1:11434,qwen2.5:7b",
      { provider: "ollama", host: "http://127.0.0.1:11434", model: "qwen2.5:7b" },
      "http://127.0.0.1:11434",
    ],
  ])("takes %s", async (text, spec, url) => {
    const brain = await read(text);
    expect(brain).toMatchObject({ spec, url });
  });

  it("names a key by its file, and gives the folder apart", async () => {
    const brain = await read("openai:https://models.example/v1,m", "keys/mine.txt");
    expect(brain).toMatchObject({ spec: { apiKey: "mine.txt" }, keyDir: "/somewhere/keys" });
    await expect(read("self", "keys/mine.txt")).rejects.toThrow("--key-file is for");
  });

  it.each([
    ["scripted:nonsense", "behaviours are: competent"],
    ["scripted", "behaviours are"],
    ["openai:http://127.0.0.1:8000/v1", "expected URL,MODEL"],
    ["openai:not a url,m", "expected URL,MODEL"],
    ["openai:ftp://127.0.0.1,m", "baseUrl"],
    ["weights:x", "takes nothing"],
    ["gpt", "is no kind of brain"],
    ["recorded:", "which file"],
    ["recorded:/nowhere/at/all", "no such file"],
  ])("refuses %s", async (text, why) => {
    const error: unknown = await read(text).catch((cause: unknown) => cause);
    expect(error).toHaveProperty("code", 2);
    expect(error).toHaveProperty("message", expect.stringContaining(why));
    expect(error).toHaveProperty("remedy", expect.stringContaining("--brain scripted:BEHAVIOUR"));
  });

  it("reads a transcript, and names the line that is none", async () => {
    const dir = await mkdtemp(join(tmpdir(), "redline-brain-"));
    await writeFile(
      join(dir, "good"),
      '{"text":"one"}\n\n{"text":"","calls":[{"name":"finish","arguments":"{}"}]}\n',
    );
    await writeFile(join(dir, "bad"), '{"text":"one"}\n{"txt":1}\n');
    const good = await read("recorded:good", undefined, dir);
    expect(good.spec).toMatchObject({ provider: "recorded", replies: [{ text: "one" }, { text: "" }] });
    await expect(read("recorded:bad", undefined, dir)).rejects.toThrow("line 2 is no recorded answer");
    await rm(dir, { recursive: true });
  });
});
