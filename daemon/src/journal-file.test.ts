import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyChain } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JournalBrokenError } from "./journal-broken-error.ts";
import { openJournal } from "./journal-file.ts";
import { readJournalLines } from "./journal-lines.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-journal-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe("journal file", () => {
  it("keeps order and chain over many concurrent appends and a reopening", async () => {
    const path = join(dir, "j.jsonl");
    const first = await openJournal<{ n: number }>(path);
    const rows = await Promise.all(Array.from({ length: 200 }, (_, n) => first.journal.append({ n })));
    expect(rows.map((r) => r.record.seq)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    await first.journal.close();

    const second = await openJournal<{ n: number }>(path);
    expect(second.lines).toEqual(rows.map((r) => r.line));
    await second.journal.append({ n: 200 });
    await second.journal.close();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(verifyChain(lines)).toMatchObject({ ok: true, head: { seq: 201 } });
  });

  it("writes what may wait with what cannot, in the order in which they came", async () => {
    const { journal } = await openJournal<{ n: number }>(join(dir, "j.jsonl"));
    const onDisk: number[] = [];
    const note = ({ record }: { record: { seq: number } }) => void onDisk.push(record.seq);
    const waits = journal.append({ n: 1 }, "soon").then(note);
    await journal.append({ n: 2 }).then(note);
    expect(onDisk).toEqual([1, 2]);
    await waits;
    await journal.close();
  });

  it("writes what may wait when nothing else comes, and before it closes", async () => {
    const path = join(dir, "j.jsonl");
    const { journal } = await openJournal<{ n: number }>(path);
    const first = await journal.append({ n: 1 }, "soon");
    expect(await readFile(path, "utf8")).toBe(`${first.line}\n`);
    const last = journal.append({ n: 2 }, "soon");
    await journal.close();
    expect(await readFile(path, "utf8")).toBe(`${first.line}\n${(await last).line}\n`);
  });

  it("sets a torn last line aside and goes on", async () => {
    const path = join(dir, "j.jsonl");
    const first = await openJournal<{ n: number }>(path);
    await first.journal.append({ n: 1 });
    await first.journal.close();
    await appendFile(path, '{"n":2,"se');
    const second = await openJournal<{ n: number }>(path);
    expect(second.lines).toHaveLength(1);
    await second.journal.append({ n: 3 });
    await second.journal.close();
    expect(await readFile(`${path}.torn`, "utf8")).toBe('{"n":2,"se\n');
    expect(verifyChain((await readFile(path, "utf8")).trimEnd().split("\n"))).toMatchObject({ ok: true });
  });

  it("refuses a journal in which one byte was changed", async () => {
    const path = join(dir, "j.jsonl");
    const first = await openJournal<{ n: number }>(path);
    await first.journal.append({ n: 1 });
    await first.journal.append({ n: 2 });
    await first.journal.close();
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"n":1', '"n":7'));
    await expect(openJournal(path)).rejects.toThrow(JournalBrokenError);
    await expect(openJournal(path)).rejects.toThrow(/:2: prev is not the hash/);
  });

  it("gives each line to a callback, whole, wherever the reads of the file end", async () => {
    const path = join(dir, "j.jsonl");
    const first = await openJournal<{ text: string }>(path);
    const texts = ["é".repeat(700_000), "x", "😀".repeat(300_001), ""];
    const rows = await Promise.all(texts.map((text) => first.journal.append({ text })));
    await first.journal.close();
    const got: [string, number][] = [];
    const second = await openJournal<{ text: string }>(path, (line, number) => got.push([line, number]));
    expect(second).not.toHaveProperty("lines.0");
    expect(second.journal.head()).toEqual(first.journal.head());
    await second.journal.close();
    expect(got).toEqual(rows.map(({ line, record }) => [line, record.seq]));
    expect(await readJournalLines(path)).toEqual({ lines: rows.map((r) => r.line), torn: "" });
  });

  it("cuts a torn line off at its byte, in place, and keeps its bytes", async () => {
    const path = join(dir, "j.jsonl");
    const first = await openJournal<{ text: string }>(path);
    await first.journal.append({ text: "é" });
    await first.journal.close();
    const before = await stat(path);
    // Ends in the middle of a character.
    const torn = Buffer.from('{"text":"é').subarray(0, -1);
    await appendFile(path, torn);
    const second = await openJournal<{ text: string }>(path, () => undefined);
    await second.journal.close();
    expect(await stat(path)).toMatchObject({ ino: before.ino, size: before.size });
    expect(await readFile(`${path}.torn`)).toEqual(Buffer.concat([torn, Buffer.from("\n")]));
  });

  it("leaves a broken journal as it is, its torn end included", async () => {
    const path = join(dir, "j.jsonl");
    await writeFile(path, '{"seq":2,"prev":""}\n{"se');
    await expect(openJournal(path)).rejects.toThrow(JournalBrokenError);
    expect(await readFile(path, "utf8")).toBe('{"seq":2,"prev":""}\n{"se');
    await expect(stat(`${path}.torn`)).rejects.toThrow("ENOENT");
  });

  it("reads a file that is longer than a string can be", async () => {
    const path = join(dir, "j.jsonl");
    await writeFile(path, "a\nb\n");
    await truncate(path, 537_000_000);
    const lines: string[] = [];
    const { torn } = await readJournalLines(path, (line) => lines.push(line));
    expect(lines).toEqual(["a", "b"]);
    expect(torn.length).toBeLessThanOrEqual(67_108_864);
    await appendFile(path, "\n");
    await expect(readJournalLines(path, () => undefined)).rejects.toThrow(/:3: a line of 536999996 bytes/);
  });
});
