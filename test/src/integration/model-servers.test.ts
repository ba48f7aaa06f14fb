import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { weightsFileSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { until } from "../kit/until.ts";
import { alive, FakePath, freePort, type Launched } from "./model-servers-fake.ts";
import { shards, store, tinyWeights } from "./model-servers-weights.ts";

const manifestSchema = z.object({ whole: z.boolean(), files: z.array(weightsFileSchema) });

const ready = (run: Launched) =>
  until("the launcher says that its server is ready", () => {
    if (run.stdout.includes("ready")) return run.stdout;
    return null;
  });

describe("the small server, really started", () => {
  it("waits until it answers, says so, and ends with the launcher", async () => {
    await using fake = await FakePath.make([]);
    const port = await freePort();
    const weights = await tinyWeights(fake);
    await using run = fake.launch("small.mjs", [
      ...["tiny", "--weights", weights, "--port", String(port), "--wait", "60", "--json"],
    ]);
    const line: unknown = JSON.parse(await ready(run));
    expect(line).toMatchObject({ ready: true, url: `http://127.0.0.1:${port}/v1`, model: "tiny" });
    const answer = await fetch(`http://127.0.0.1:${port}/v1/models`);
    expect(await answer.json()).toMatchObject({ data: [{ id: "tiny" }] });
    run.kill("SIGTERM");
    expect(await run.code).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });

  it("gives the digests of its weights, and reads a file that is as before only once", async () => {
    await using fake = await FakePath.make([]);
    const weights = await tinyWeights(fake);
    const path = join(fake.dir, "manifest.json");
    const args = ["tiny", "--weights", weights, "--manifest", path];
    const first = fake.launch("small.mjs", args);
    expect(await first.code).toBe(0);
    const manifest = manifestSchema.parse(JSON.parse(await readFile(path, "utf8")));
    const sha256 = createHash("sha256")
      .update(await readFile(weights))
      .digest("hex");
    const { size } = await stat(weights);
    expect(manifest).toMatchObject({
      whole: true,
      files: [{ name: "weights/tiny.gguf", size, shards: [sha256] }],
    });
    expect(manifest.files[0]?.family).toMatch(/^[0-9a-f]{64}$/);
    const again = fake.launch("small.mjs", args);
    expect(await again.code).toBe(0);
    expect(again.stdout).toContain("as before");
    await writeFile(weights, Buffer.concat([await readFile(weights), Buffer.from("x")]));
    const changed = fake.launch("small.mjs", args);
    expect(await changed.code).toBe(0);
    expect(changed.stdout).not.toContain("as before");
    expect(manifestSchema.parse(JSON.parse(await readFile(path, "utf8"))).files[0]?.shards).not.toEqual([
      sha256,
    ]);
  });

  it("says what is wrong when it ends before it answers", async () => {
    await using fake = await FakePath.make([]);
    const broken = await fake.file("broken.gguf", Buffer.alloc(100));
    const args = ["any", "--weights", broken, "--port", String(await freePort()), "--wait", "60"];
    const run = fake.launch("small.mjs", args);
    expect(await run.code).toBe(4);
    expect(run.stderr).toMatch(/ended with \S+ before it answered/);
  });
});

describe("vllm, llama-server and ollama, each a fake program that checks its words and opens a port", () => {
  it("vllm: waits through 503, is ready by its model's name, passes SIGTERM on and gives its exit code", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const port = await freePort();
    await using run = fake.launch(
      "vllm.mjs",
      ["qwen2.5-72b-instruct-awq", "--weights", await shards(fake), "--port", String(port), "--wait", "60"],
      { FAKE_NEEDS: "serve,--enable-auto-tool-choice,--max-model-len,--seed", FAKE_ON_TERM: "7" },
    );
    expect(await ready(run)).toContain("serves qwen2.5-72b-instruct-awq");
    run.kill("SIGTERM");
    expect(await run.code).toBe(7);
    expect((await fake.notes()).at(-1)).toEqual({ signal: "SIGTERM" });
  });

  it("llama-server: an answer under another model's name is none", async () => {
    await using fake = await FakePath.make(["llama-server"]);
    const weights = await fake.file("m.gguf", Buffer.alloc(100));
    const args = ["any-cpu", "--weights", weights, "--name", "mine", "--wait", "6"];
    const other = fake.launch("llama-server.mjs", [...args, "--port", String(await freePort())], {
      FAKE_MODEL: "other",
    });
    expect(await other.code).toBe(4);
    expect(other.stderr).toContain("does not name mine");
    await using run = fake.launch("llama-server.mjs", [
      ...[...args.slice(0, -1), "60", "--port", String(await freePort())],
    ]);
    expect(await ready(run)).toContain("serves mine");
  });

  it("ollama: ready when its model was loaded", async () => {
    await using fake = await FakePath.make(["ollama"]);
    const args = ["any-cpu", "--name", "made-up:1b", "--weights", await store(fake), "--wait", "60"];
    await using run = fake.launch("ollama.mjs", [...args, "--port", String(await freePort())], {
      FAKE_NEEDS: "serve",
    });
    await ready(run);
    const notes = await fake.notes();
    expect(notes[0]).toMatchObject({ env: { OLLAMA_KEEP_ALIVE: "-1", OLLAMA_NOPRUNE: "1" } });
    expect(notes[1]).toMatchObject({ asked: "/api/generate", body: { model: "made-up:1b", keep_alive: -1 } });
  });

  it("gives up at the limit, and leaves no server", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const args = ["llama-3.1-70b-instruct", "--weights", await shards(fake), "--wait", "5"];
    const run = fake.launch("vllm.mjs", [...args, "--port", String(await freePort())], {
      FAKE_NOT_READY: "100000",
    });
    expect(await run.code).toBe(4);
    expect(run.stderr).toMatch(/did not answer within 5 s \(.*503\): it was ended; --wait gives it more/);
    const pid = Number((await fake.notes())[0]?.["pid"]);
    expect(pid).toBeGreaterThan(1);
    await until("the server is gone", () => !alive(pid));
  });

  it("a second signal kills a server that ignores the first", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const args = ["llama-3.1-70b-instruct", "--weights", await shards(fake), "--wait", "60"];
    await using run = fake.launch("vllm.mjs", [...args, "--port", String(await freePort())], {
      FAKE_ON_TERM: "ignore",
    });
    await ready(run);
    run.kill("SIGTERM");
    await until(
      "the first one was passed on",
      async () => (await fake.notes()).at(-1)?.["signal"] === "SIGTERM",
    );
    run.kill("SIGTERM");
    expect(await run.code).toBe(137);
  });

  it("takes no port that another server has, and no program that is not there", async () => {
    await using fake = await FakePath.make(["vllm"]);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const args = ["llama-3.1-70b-instruct", "--weights", await shards(fake), "--port"];
    const run = fake.launch("vllm.mjs", [...args, String(port)]);
    expect(await run.code).toBe(3);
    expect(run.stderr).toContain("EADDRINUSE");
    expect(await fake.notes()).toEqual([]);
    await new Promise<void>((resolve) => other.close(() => resolve()));
    const none = fake.launch("ollama.mjs", ["any-cpu", "--name", "x", "--port", String(await freePort())]);
    expect(await none.code).toBe(3);
    expect(none.stderr).toContain("ollama is not on PATH");
  });
});
