import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { brainConformance, QUESTION, remoteBrainConformance, type RemoteProvider } from "./conformance.ts";
import { ollamaBrain } from "./ollama-brain.ts";
import { ollamaIdentity } from "./ollama-identity.ts";
import { json, pieces, stubServer, type Answer } from "./stub-server.ts";
import { OLLAMA_WIRE, replies } from "./stub-wire.ts";
import { whoseBrain } from "./whose-brain.ts";

const provider: RemoteProvider = {
  name: "ollama",
  secret: "no-secret-of-its-own",
  open: ollamaBrain,
  wire: OLLAMA_WIRE,
  errorBody: { error: "model is loading" },
};

const limits = { model: "m", timeoutMs: 5_000, idleMs: 5_000, replyBytes: 10_000, retries: 0, backoffMs: 0 };
const never = () => new AbortController().signal;
brainConformance("ollama", () => ollamaBrain({ ...limits, baseUrl: "http://127.0.0.1:9" }));
remoteBrainConformance(provider);

afterEach(() => vi.restoreAllMocks());

describe("ollamaBrain", () => {
  it("names the tool in a tool's answer, sends its input as an object, and wants nothing left out", async () => {
    await using server = await stubServer(replies(OLLAMA_WIRE, { text: "x" }));
    await ollamaBrain({ ...limits, baseUrl: server.url }).complete(QUESTION, never());
    expect(server.seen[0]?.path).toBe("/api/chat");
    expect(server.seen[0]?.body).toMatchObject({ truncate: false, shift: false });
    expect(server.seen[0]?.body).toHaveProperty("messages.3.tool_name", "run_command");
    expect(server.seen[0]?.body).toHaveProperty("messages.2.tool_calls.0.function.arguments", {
      command: "ls",
    });
  });

  it("prints nothing of what a server sends", async () => {
    const printed = (["log", "warn", "error"] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => undefined),
    );
    for (const answer of [
      pieces("application/x-ndjson", ["hostile\n", "more\n"]),
      (response: Parameters<Answer>[0]) => void response.writeHead(500).end("hostile"),
    ]) {
      await using server = await stubServer(answer);
      const brain = ollamaBrain({ ...limits, baseUrl: server.url });
      await expect(brain.complete(QUESTION, never())).rejects.toBeInstanceOf(Error);
    }
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });
});

describe("whose model an Ollama server has", () => {
  const served = (layer: string): Answer => {
    const tags = json({ models: [{ name: "m:latest", digest: "a".repeat(64) }] });
    const show = json({ modelfile: `# comment\nFROM /models/blobs/sha256-${layer}\nTEMPLATE x\n` });
    return (response, n, seen) => (seen.path === "/api/tags" ? tags : show)(response, n, seen);
  };
  const spec = (host: string) => ({ provider: "ollama", host, model: "m", overflow: "drop-oldest" }) as const;

  it("is told by manifest and layer", async () => {
    await using server = await stubServer(served("b".repeat(64)));
    expect(await ollamaIdentity(spec(server.url), never())).toEqual({
      manifest: "a".repeat(64),
      layers: ["b".repeat(64)],
    });
  });

  it("is the specimen's where the layer is its file, and another's else", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "redline-weights-"));
    try {
      const file = path.join(folder, "w.gguf");
      await writeFile(file, "weights");
      const own = createHash("sha256").update("weights").digest("hex");
      for (const [layer, is] of [
        [own, "self"],
        ["b".repeat(64), "other"],
      ] as const) {
        await using server = await stubServer(served(layer));
        const whose = await whoseBrain(spec(server.url), "ollama:m", [file], never());
        expect(whose).toMatchObject({ is, label: "ollama:m" });
        expect(whose.known).toContain(layer);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is another's where the server does not say", async () => {
    await using server = await stubServer(json({}));
    expect(await whoseBrain(spec(server.url), "ollama:m", [], never())).toMatchObject({ is: "other" });
  });
});
