import { Command } from "commander";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { EXIT } from "../exit-codes.ts";
import { HEADER, sampleOf } from "../import/inspect/inspect-fixture.ts";
import { FINISH, plainLog, printed, ROUNDS } from "../import/paper-log/printed-log-fixture.ts";
import { zipOf, type FixtureMember } from "../import/zip-fixture.ts";
import { importCommands } from "../program-import.ts";
import { runCli } from "../run-cli.ts";
import { testContext } from "../testing/test-context.ts";
import { importCommand } from "./import.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-import-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const member = (name: string, value: unknown): FixtureMember => ({ name, data: json(value) });
const EVAL = [
  member("_journal/start.json", HEADER),
  member("samples/a b_epoch_1.json", sampleOf("a b")),
  { name: "samples/2_epoch_3.json", data: json(sampleOf(2, 3)), method: 0 as const },
  member("header.json", HEADER),
];
const repliesSchema = z.object({
  state: z.string(),
  trials: z.array(z.string()),
  model: z.string().nullable(),
});

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  return path;
}
async function imported(path: string, out = join(dir, "state")) {
  const { context, out: printedOut } = testContext(dir);
  expect(await importCommand(context, path, { json: true, out })).toBe(EXIT.done);
  return repliesSchema.parse(JSON.parse(printedOut.text()));
}
async function cli(...argv: string[]): Promise<string> {
  const { context, out, err } = testContext(dir);
  const code = await runCli(argv, context);
  if (code !== 0) throw new Error(err.text());
  return out.text();
}
/** Message and remedy of an import that must fail, with nothing left behind. */
async function refused(path: string, more: { out?: string } = {}): Promise<string> {
  const before = (await readdir(dir)).toSorted();
  const { context } = testContext(dir);
  const error: unknown = await importCommand(context, path, {
    json: false,
    out: join(dir, "state"),
    ...more,
  }).catch((e: unknown) => e);
  expect((await readdir(dir)).toSorted()).toEqual(before);
  const { code, message, remedy } = z
    .object({ code: z.number(), message: z.string(), remedy: z.string().min(10) })
    .parse(error);
  expect(code).toBe(EXIT.usage);
  return `${message} | ${remedy}`;
}

describe("redline import", () => {
  it("makes a state folder of a paper's log that the reading commands understand", async () => {
    const path = await file("appendix.txt", printed(plainLog("Count.", [...ROUNDS, FINISH])));
    const { state, trials, model } = await imported(path);
    expect(model).toBeNull();
    const [trial = ""] = trials;
    expect(trial).toMatch(/^import-appendix-[0-9a-f]{8}-001$/);
    const list = await cli("trial", "list", "--state", state);
    expect(list).toMatch(/indeterminate +indeterminate/);
    const page = await cli("trial", "show", trial, "--state", state);
    expect(page.replace(/\s+/g, " ")).toContain("appendix.txt: imported, paper-log, sha256 ");
    expect(page).toMatch(/0 claimed +proven +the agent said: The server answers/);
    expect(page.match(/not-tested/g)).toHaveLength(10);
    expect(page.replace(/\s+/g, " ")).toContain("node server.mjs --port 9000");
    expect(await cli("journal", "verify", "--state", state)).toContain("verified");
  });

  it("leaves open whether an agent said so where the log was cut", async () => {
    const path = await file("cut.txt", printed(plainLog("Count.", ROUNDS)));
    const { state, trials } = await imported(path);
    const page = await cli("trial", "show", trials[0] ?? "", "--state", state);
    expect(page).toMatch(/0 claimed +not-tested +the log stops/);
  });

  it("makes a trial of each sample, from .eval (stored, deflated or zstd) as from .json", async () => {
    const asJson = JSON.stringify({ ...HEADER, samples: [sampleOf("a b"), sampleOf(2, 3)] });
    // Numbers as Python writes them, beside a text that only looks so.
    const nan = asJson.replace('"total_time":12.5', '"total_time":NaN').replace("hm", "NaN, -Infinity");
    const zstd = EVAL.map((part) => ({ ...part, method: 93 as const }));
    const files = [
      await file("run.json", nan),
      await file("run.eval", zipOf(EVAL)),
      await file("zstd.eval", zipOf(zstd)),
    ];
    for (const [i, path] of files.entries()) {
      const { state, trials, model } = await imported(path, join(dir, `state-${i}`));
      expect(model).toBe("made/Up-1.5");
      expect(trials).toHaveLength(2);
      const list = await cli("trial", "list", "--state", state);
      expect(list).toContain("a-b-epoch-1/made-up-1-5/unknown");
      expect(list).toContain("2-epoch-3/made-up-1-5/unknown");
      expect(list).not.toMatch(/confirmed|refuted/);
      const page = await cli("trial", "show", trials[1] ?? "", "--state", state);
      expect(page).toContain("foreign-score");
      expect(await cli("journal", "verify", "--state", state)).toContain("verified");
    }
    expect(await readFile(join(dir, "state-0/coordinator/journal.jsonl"), "utf8")).toContain(
      "NaN, -Infinity",
    );
  });

  it("is known by its options, and puts the folder below .redline without --out", async () => {
    const path = await file("run.eval", zipOf(EVAL));
    const { context, out } = testContext(dir);
    const program = new Command().exitOverride().option("--json", "", false);
    program.configureOutput({ writeErr: () => undefined });
    importCommands(program, context, async (act) => {
      await act();
    });
    await program.parseAsync(["import", path, "--format", "inspect"], { from: "user" });
    expect(out.text()).toMatch(/trial show import-run-[0-9a-f]{8}-001 --state \.redline\/import-run-/);
    await expect(program.parseAsync(["import", path, "--format", "x"], { from: "user" })).rejects.toThrow();
  });

  it("escapes what a hostile log says", async () => {
    const hostile = sampleOf("x\u001b[31m", 1, { input: "\u001b]0;title\u0007\u202eevil" });
    const path = await file("h.json", JSON.stringify({ ...HEADER, samples: [hostile] }));
    const { state, trials } = await imported(path);
    const page = await cli("trial", "show", trials[0] ?? "", "--state", state);
    expect(page).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});

describe("redline import of what is no log", () => {
  it.each<[string, string | Buffer, RegExp]>([
    ["empty", "", /it is empty/],
    ["binary", Buffer.from([1, 2, 0, 3]), /it is binary/],
    ["a PDF", "%PDF-1.7\n", /it is a PDF \| pdftotext -layout/],
    ["gzip", Buffer.from([0x1f, 0x8b, 8, 1]), /compressed \(gzip\) \| gunzip/],
    ["other text", "hello\n", /no log of a known format \| the formats are/],
    ["other JSON", '{"a":1}', /no log of a known format/],
    ["truncated JSON", '{"version":2,"eval":{"model"', /its JSON is not whole, it stops after 28/],
    ["broken JSON", '{"version":2,,"eval":{}}', /it is not JSON/],
    ["Inspect without samples", JSON.stringify(HEADER), /it holds no samples/],
    ["Inspect with a bad header", '{"version":"2","eval":{}}', /its header is none of Inspect's: version/],
    ["a run without answers", "2031-03-04 09:00:00 - X - INFO - Round 1:", /no round with an answer/],
    ["a zip of something else", zipOf([member("a.json", {})]), /a zip without header.json/],
    ["a zip that was cut", zipOf(EVAL).subarray(0, -30), /a zip without its end/],
    ["a zip without samples", zipOf([member("header.json", HEADER)]), /it holds no samples/],
  ])("says what is wrong with a file that is %s", async (_name, content, message) => {
    expect(await refused(await file("x.log", content))).toMatch(message);
  });

  const sample = (change: Partial<FixtureMember>) =>
    zipOf([member("header.json", HEADER), { ...member("samples/1_epoch_1.json", sampleOf(1)), ...change }]);
  it.each<[string, Partial<FixtureMember>, RegExp]>([
    [
      "a bomb that says it is small",
      { data: Buffer.alloc(30_000_000), says: { size: 900 } },
      /too many bytes in the stream/,
    ],
    [
      "one that says it is huge",
      { says: { size: 4_000_000_000 } },
      /would unpack to more than 268435456 bytes/,
    ],
    ["another checksum", { says: { crc: 1 } }, /not those that its checksum names/],
    [
      "a zstd bomb that says it is small",
      { data: Buffer.alloc(30_000_000), method: 93, says: { size: 900 } },
      /more than the 900 bytes it says of itself/,
    ],
    ["another packing", { method: 12 }, /cannot be unpacked \(unsupported compression method/],
    ["encryption", { says: { flags: 1 } }, /it is encrypted/],
    [
      "JSON that was cut",
      { data: Buffer.from('{"id":1') },
      /member samples\/1_epoch_1.json: its JSON is not whole/,
    ],
    ["a missing field", { data: json({ id: 1, epoch: 1, input: "x" }) }, /no sample of Inspect: messages/],
  ])("leaves nothing behind of an .eval with a member that has %s", async (_name, change, message) => {
    expect(await refused(await file("x.eval", sample(change)))).toMatch(message);
  });

  it("refuses a text of 500 MB unread", async () => {
    const path = await file("x.json", '{"version":2');
    const handle = await open(path, "r+");
    await handle.truncate(500_000_000);
    await handle.close();
    expect(await refused(path)).toMatch(/it is binary/);
    await writeFile(path, `{"version":2${" ".repeat(70_000)}`);
    const again = await open(path, "r+");
    await again.truncate(500_000_000);
    await again.close();
    expect(await refused(path)).toMatch(/500000000 bytes, and at most 268435456/);
  });

  it("refuses another format than the file's, a folder, and a state folder that is there", async () => {
    const path = await file("run.eval", zipOf(EVAL));
    expect(await refused(join(dir, "none"))).toMatch(/cannot be read/);
    expect(await refused(dir)).toMatch(/it is no file/);
    const { context } = testContext(dir);
    await expect(importCommand(context, path, { json: false, format: "swe-agent" })).rejects.toThrow(
      "a log of the format inspect",
    );
    await mkdir(join(dir, "state"));
    await imported(path);
    expect(await refused(path)).toMatch(/is there already and is not empty \| name another folder/);
  });
});
