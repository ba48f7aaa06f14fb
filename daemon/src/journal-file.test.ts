import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyChain } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JournalBrokenError, openJournal } from "./journal-file.ts";

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
});
