import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EMPTY_HEAD, linkRecord } from "@redline/shared";
import { cutJournalAfter } from "./journal-file-cut.ts";
import { openJournal } from "./journal-file.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-cut-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const chained = (...texts: string[]) => {
  let head = EMPTY_HEAD;
  return texts.map((text) => {
    const linked = linkRecord(head, { text });
    head = linked.head;
    return linked.line;
  });
};

describe("cutJournalAfter", () => {
  it("moves what comes after a line, and the rest can be gone on with", async () => {
    const path = join(dir, "j.jsonl");
    const lines = chained("a", "bä", "c", "d");
    await writeFile(path, `${lines.join("\n")}\n`);
    expect(await cutJournalAfter(path, 2, join(dir, "cut"))).toBe(2);
    expect(await readFile(path, "utf8")).toBe(`${lines.slice(0, 2).join("\n")}\n`);
    expect(await readFile(join(dir, "cut"), "utf8")).toBe(`${lines.slice(2).join("\n")}\n`);
    expect(await cutJournalAfter(path, 2, join(dir, "none"))).toBe(0);
    const { journal } = await openJournal<{ text: string }>(path);
    expect((await journal.append({ text: "e" })).record.seq).toBe(3);
    await journal.close();
  });
});

describe("a journal that takes another's lines", () => {
  it("has the same bytes, and refuses a line that is not the next", async () => {
    const path = join(dir, "j.jsonl");
    const lines = chained("a", "b", "c");
    const { journal } = await openJournal<{ text: string }>(path);
    await Promise.all(lines.slice(0, 2).map((line) => journal.take(line)));
    await expect(journal.take(lines[0] ?? "")).rejects.toThrow("seq 1 after 2");
    await expect(journal.take(`${lines[2] ?? ""} `.replace(/"prev":"./, '"prev":"x'))).rejects.toThrow(
      "prev is not the hash",
    );
    await journal.take(lines[2] ?? "");
    await journal.close();
    expect(await readFile(path, "utf8")).toBe(`${lines.join("\n")}\n`);
  });
});
