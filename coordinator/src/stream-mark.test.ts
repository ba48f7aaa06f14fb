import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StreamMark } from "./stream-mark.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-mark-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** Opens it, notes, and leaves it as a killed process would. */
async function session(head: number, ...seqs: readonly number[]) {
  using mark = await StreamMark.open(dir, head);
  for (const seq of seqs) mark.note(seq);
  return { seq: mark.seq, wasAlone: mark.wasAlone };
}

it("keeps the highest line that was on the stream, and never more than the journal has", async () => {
  expect(await session(0, 3, 12, 7)).toEqual({ seq: 12, wasAlone: false });
  expect(await StreamMark.read(dir)).toBe(12);
  expect(await session(14)).toEqual({ seq: 12, wasAlone: false });
  // The journal was moved away.
  expect(await session(0, 2)).toEqual({ seq: 2, wasAlone: false });
  expect(await StreamMark.read(dir)).toBe(2);
});

it("counts the whole of a journal that no pair wrote, or whose mark cannot be read", async () => {
  expect(await session(9)).toEqual({ seq: 9, wasAlone: true });
  await StreamMark.remove(dir);
  expect(await StreamMark.read(dir)).toBeNull();
  expect(await session(20)).toEqual({ seq: 20, wasAlone: true });
  await writeFile(join(dir, "on-stream"), "??");
  expect(await StreamMark.read(dir)).toBeNull();
  expect((await session(30)).seq).toBe(30);
});
