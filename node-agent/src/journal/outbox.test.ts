import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@redline/daemon";
import { MOST_RECORD_LINES, nodeIdSchema, splitRecordLines } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Outbox, readCursor } from "./outbox.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-outbox-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});
const node = nodeIdSchema.parse("n1");
const log = createLogger("test", "fatal");

describe("outbox", () => {
  it("skips nothing and keeps the order when publishing fails in the middle", async () => {
    const path = join(dir, "cursor");
    const stored = new Map<string, string>();
    let calls = 0;
    const outbox = new Outbox({
      node,
      path,
      published: 0,
      pending: ["a", "b"],
      log,
      publish: (lines, id) => {
        calls += 1;
        if (calls === 1 || calls === 3) return Promise.reject(new Error("link down"));
        stored.set(id, lines);
        if (calls === 2) outbox.add("d");
        return Promise.resolve();
      },
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    outbox.add("c");
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect([...stored.values()].join("\n").split("\n")).toEqual(["a", "b", "c", "d"]);
    expect([...stored.keys()].at(-1)).toMatch(/^n1\.4\.1\./);
    expect(await readCursor(path)).toBe(4);
  });

  it("sends anew at once, with what came since, when the connection is back, what had no answer", async () => {
    const sent: [string, string][] = [];
    const outbox = new Outbox({
      ...{ node, path: join(dir, "cursor"), published: 0, pending: ["a", "b"], log },
      publish: (lines, id) => {
        sent.push([lines, id]);
        // The first got through, and its answer never comes.
        return sent.length === 1 ? new Promise(() => undefined) : Promise.resolve();
      },
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    outbox.add("c");
    expect(await outbox.drained(100)).toBe(false);
    outbox.hurry();
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect(sent.map(([lines]) => lines)).toEqual(["a\nb", "a\nb\nc"]);
    // Under the first one's id the stream would take it for a repeated message, and "c" would be lost.
    expect(sent[0]?.[1]).not.toBe(sent[1]?.[1]);
  });

  it("never sends more in one message than the reader takes, and a long line by itself", async () => {
    const sent: string[] = [];
    const long = "x".repeat(600_000);
    const pending = [...Array.from({ length: 2 * MOST_RECORD_LINES }, (_, i) => `${i}`), long, "last"];
    const outbox = new Outbox({
      ...{ node, path: join(dir, "cursor"), published: 0, pending, log },
      publish: (lines) => Promise.resolve(sent.push(lines)),
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect(sent.join("\n").split("\n")).toEqual(pending);
    expect(sent.map((lines) => splitRecordLines(Buffer.from(lines))?.length)).toEqual([
      MOST_RECORD_LINES,
      MOST_RECORD_LINES,
      1,
      1,
    ]);
  });

  it("goes on where its cursor cannot be written", async () => {
    // A folder stands where the cursor is to go, as good as a full disk.
    const path = join(dir, "cursor");
    await mkdir(path);
    const stored: string[] = [];
    const lines = Array.from({ length: 120 }, (_, i) => `${i}`);
    const outbox = new Outbox({
      ...{ node, path, published: 0, pending: lines, log },
      publish: (sent) => Promise.resolve(stored.push(...sent.split("\n"))),
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    expect(await outbox.drained(5000)).toBe(true);
    outbox.add("last");
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect(stored).toEqual([...lines, "last"]);
    expect(await readCursor(path)).toBe(0);
  });

  it("starts from the beginning where there is no readable cursor", async () => {
    expect(await readCursor(join(dir, "none"))).toBe(0);
  });
});
