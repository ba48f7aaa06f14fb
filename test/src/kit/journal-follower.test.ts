import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_HEAD, linkRecord } from "@redline/shared";
import { expect, it } from "vitest";
import { JournalFollower } from "./journal-follower.ts";

/** Lines of one chain, by what they say. */
function lines(...whys: string[]): string[] {
  let head = EMPTY_HEAD;
  return whys.map((why) => {
    const body = { kind: "stop-ordered", who: "ü", why };
    const linked = linkRecord(head, { v: 1, at: "2026-01-01T00:00:00.000Z", monoMs: 0, body });
    head = linked.head;
    return `${linked.line}\n`;
  });
}

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "redline-follow-"));
  try {
    await test(join(folder, "journal.jsonl"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

it("reads on, waits for whole lines, and bears that a torn one is cut off", () =>
  inFolder(async (path) => {
    const [one = "", two = "", three = ""] = lines("1", "2", "3");
    const follower = new JournalFollower(path);
    follower.read();
    expect(follower.records).toEqual([]);
    await writeFile(path, one + two.slice(0, 40));
    follower.read();
    follower.read();
    expect(follower.records.map(({ seq }) => seq)).toEqual([1]);
    await truncate(path, Buffer.byteLength(one));
    follower.read();
    await appendFile(path, two + three);
    follower.read();
    expect(follower.records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(follower.state.stopped?.why).toBe("3");
  }));

it("reads anew where whole lines were cut off, whether it sees the file while it is shorter or not", () =>
  inFolder(async (path) => {
    const follower = new JournalFollower(path);
    const mine = lines("1", "2", "mine");
    const others = lines("1", "2", "other's", "more");
    await writeFile(path, mine.join(""));
    follower.read();
    expect(follower.state.stopped?.why).toBe("mine");
    await writeFile(path, others.join(""));
    follower.read();
    expect(follower.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(follower.state.stopped?.why).toBe("more");
    await writeFile(path, others.slice(0, 3).join(""));
    follower.read();
    expect(follower.records).toHaveLength(3);
    expect(follower.state.stopped?.why).toBe("other's");
  }));
