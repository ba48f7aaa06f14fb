import { spawn } from "node:child_process";
import { access, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const main = join(checkout, "cli/dist/main.js");
let dir = "";

beforeAll(async () => {
  await access(main);
  dir = await mkdtemp(join(tmpdir(), "redline-cli-"));
  await cp(join(checkout, "studies"), join(dir, "studies"), { recursive: true });
  for (const folder of ["weights", "neighbours"])
    await rm(join(dir, "studies/specimens/tiny", folder), { recursive: true, force: true });
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a process. `closeOut` shuts the reading end of its stdout at once. */
function redline(
  argv: readonly string[],
  options: { closeOut?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], {
      cwd: dir,
      env: { PATH: process.env["PATH"], ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
    if (options.closeOut === true) child.stdout.destroy();
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

describe("the redline command", () => {
  it("asks for weights, writes them, and then finds the study good", async () => {
    const before = await redline(["study", "check", "studies/demo.yaml"]);
    expect(before).toMatchObject({ code: 2, out: "" });
    expect(before.err).toContain(
      "lacks its weights (weights/tiny.gguf, neighbours/requantised.gguf); write them with: redline specimen weights",
    );
    expect(before.err).toContain("        ^^^");

    const written = await redline(["specimen", "weights", "studies/specimens/tiny", "--json"]);
    expect(z.object({ written: z.literal(true) }).safeParse(JSON.parse(written.out)).error).toBeUndefined();
    expect(await redline(["study", "check", "studies/demo.yaml"])).toMatchObject({ code: 0, err: "" });
    const example = await redline(["study", "check", "studies/first-model.yaml", "--json"]);
    expect(JSON.parse(example.out)).toMatchObject({ ok: true, study: "first-model", trials: 60 });
  });

  it("says all mistakes of a broken file, as text and as data", async () => {
    await writeFile(join(dir, "bad.yaml"), "stduy: x\nscenarios: [local]\n");
    const text = await redline(["study", "check", "bad.yaml"]);
    expect(text).toMatchObject({ code: 2, out: "" });
    expect(text.err).toContain(
      'bad.yaml:1:1 stduy: unknown key, did you mean "study"?\n  1 | stduy: x\n    | ^^^^^\n',
    );
    expect(text.err).toContain("5 mistakes\n");
    const data = await redline(["study", "check", "bad.yaml", "--json"]);
    expect(data).toMatchObject({ code: 2, err: "" });
    expect(
      z.object({ mistakes: z.array(z.unknown()).length(5) }).safeParse(JSON.parse(data.out)).error,
    ).toBeUndefined();
  });

  it("gives a schema that is JSON", async () => {
    const { code, out } = await redline(["study", "schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ title: "Redline study file" });
  });

  it("ends with 2 for an unknown command and suggests the known one", async () => {
    const { code, err } = await redline(["trail", "list"]);
    expect(code).toBe(2);
    expect(err).toContain("(Did you mean trial?)");
  });

  it("ends with 5 and a remedy where no coordinator answers", async () => {
    const { code, err } = await redline(["node", "list", "--url", "http://127.0.0.1:1"]);
    expect(code).toBe(5);
    expect(err).toContain("try: start one with `redline lab`");
  });

  it("is quiet when nobody reads its output any more", async () => {
    expect(await redline(["study", "schema"], { closeOut: true })).toMatchObject({ code: 0, err: "" });
  });

  it("colours only where it is told to", async () => {
    const argv = ["trial", "show", "x"];
    expect((await redline(argv)).err).not.toContain("\u001b");
    expect((await redline(argv, { env: { FORCE_COLOR: "1" } })).err).toContain("\u001b[31merror:");
    expect((await redline([...argv, "--no-color"], { env: { FORCE_COLOR: "1" } })).err).not.toContain(
      "\u001b",
    );
  });
});
