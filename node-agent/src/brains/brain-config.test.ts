import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { brainConfig, openBrain } from "./brain-config.ts";
import { QUESTION } from "./conformance.ts";
import { json, stubServer } from "./stub-server.ts";

const answer = json({ choices: [{ message: { content: "x" } }] });
const signal = new AbortController().signal;

describe("openBrain", () => {
  it("opens each provider by its configuration", async () => {
    const remote = { baseUrl: "http://127.0.0.1:9", model: "m" };
    const configs = [
      { provider: "scripted", behaviour: "competent", shape: "local-copy" },
      { provider: "openai", ...remote },
      { provider: "ollama", ...remote },
    ];
    for (const config of configs) {
      expect((await openBrain(brainConfig.parse(config), {})).provider).toBe(config.provider);
    }
  });

  it("takes the key from a named variable or file, and only from there", async () => {
    await using server = await stubServer(answer);
    const folder = await mkdtemp(path.join(tmpdir(), "redline-key-"));
    await writeFile(path.join(folder, "key"), "from-file\n");
    const remote = { provider: "openai", baseUrl: server.url, model: "m" };
    for (const key of [{ apiKeyEnv: "MY_KEY" }, { apiKeyFile: path.join(folder, "key") }, {}]) {
      const brain = await openBrain(brainConfig.parse({ ...remote, ...key }), {
        ...{ MY_KEY: "from-env", OPENAI_API_KEY: "not-asked-for" },
      });
      await brain.complete(QUESTION, signal);
    }
    await rm(folder, { recursive: true });
    const sent = server.seen.map((request) => request.headers.authorization);
    expect(sent).toEqual(["Bearer from-env", "Bearer from-file", undefined]);
  });

  it.each([
    { provider: "openai", baseUrl: "http://x", model: "m", apiKey: "sk-written-here" },
    { provider: "openai", baseUrl: "file:///etc/passwd", model: "m" },
    { provider: "scripted", behaviour: "unknown", shape: "local-copy" },
    { provider: "other" },
  ])("refuses %j", (config) => expect(brainConfig.safeParse(config).success).toBe(false));

  it.each([{ apiKeyEnv: "NOT_SET" }, { apiKeyFile: "/nowhere/key" }])(
    "is refused without its key: %j",
    async (key) => {
      const config = brainConfig.parse({
        provider: "openai",
        baseUrl: "http://127.0.0.1:9",
        model: "m",
        ...key,
      });
      const brain = await openBrain(config, {});
      await expect(brain.complete(QUESTION, signal)).rejects.toMatchObject({ code: "denied" });
    },
  );
});
