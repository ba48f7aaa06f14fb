import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@redline/daemon";
import { nodeIdSchema } from "@redline/shared";
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
      publish: (line, id) => {
        calls += 1;
        if (calls === 2 || calls === 4) return Promise.reject(new Error("link down"));
        stored.set(id, line);
        return Promise.resolve();
      },
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    outbox.add("c");
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect([...stored.values()].toSorted()).toEqual(["a", "b", "c"]);
    expect([...stored.keys()].map((id) => id.split(".")[1]).toSorted()).toEqual(["1", "2", "3"]);
    expect(await readCursor(path)).toBe(3);
  });

  it("sends anew at once, when the connection is back, what had no answer", async () => {
    const stored: string[] = [];
    let broken = true;
    const outbox = new Outbox({
      ...{ node, path: join(dir, "cursor"), published: 0, pending: ["a", "b", "c"], log },
      publish: (line) => {
        // The first got through, and the others' answers never come.
        if (broken && line !== "a") return new Promise(() => undefined);
        stored.push(line);
        return Promise.resolve();
      },
    });
    const end = new AbortController();
    const running = outbox.run(end.signal);
    expect(await outbox.drained(100)).toBe(false);
    broken = false;
    outbox.hurry();
    expect(await outbox.drained(5000)).toBe(true);
    end.abort();
    await running;
    expect(stored).toEqual(["a", "b", "c"]);
  });

  it("goes on where its cursor cannot be written", async () => {
    // A folder stands where the cursor is to go, as good as a full disk.
    const path = join(dir, "cursor");
    await mkdir(path);
    const stored: string[] = [];
    const lines = Array.from({ length: 120 }, (_, i) => `${i}`);
    const outbox = new Outbox({
      ...{ node, path, published: 0, pending: lines, log },
      publish: (line) => {
        stored.push(line);
        return Promise.resolve();
      },
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
