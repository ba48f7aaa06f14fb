import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { JournalFollower } from "./journal-follower.ts";

const line = (seq: number) =>
  JSON.stringify({
    ...{ v: 1, seq, prev: "0".repeat(64), at: "2026-01-01T00:00:00.000Z", monoMs: 0 },
    body: { kind: "stop-ordered", who: "ü", why: String(seq) },
  });

it("reads on, waits for whole lines, and bears that a torn one is cut off", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redline-follow-"));
  try {
    const path = join(folder, "journal.jsonl");
    const follower = new JournalFollower(path);
    follower.read();
    expect(follower.records).toEqual([]);
    await writeFile(path, `${line(1)}\n${line(2).slice(0, 40)}`);
    follower.read();
    follower.read();
    expect(follower.records.map(({ seq }) => seq)).toEqual([1]);
    await truncate(path, Buffer.byteLength(`${line(1)}\n`));
    follower.read();
    await appendFile(path, `${line(2)}\n${line(3)}\n`);
    follower.read();
    expect(follower.records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(follower.state.stopped?.why).toBe("3");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
