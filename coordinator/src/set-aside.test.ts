import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@redline/daemon";
import { setAsideSchema } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SetAside } from "./set-aside.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-aside-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = () => new SetAside(dir, () => new Date(0), createLogger("test", "fatal"));

describe("what is set aside", () => {
  it("is kept with its reason, cut, and counted", async () => {
    const aside = open();
    aside.take({ what: "record", why: "w".repeat(900), subject: "s", data: new Uint8Array(9000).fill(255) });
    aside.take({ what: "object", why: "no record names it", subject: "n1 x" });
    await aside.idle();
    const entries = (await readFile(join(dir, "set-aside.jsonl"), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => setAsideSchema.parse(JSON.parse(line)));
    expect(entries).toMatchObject([
      { what: "record", bytes: 9000 },
      { what: "object", bytes: 0 },
    ]);
    expect(entries[0]?.why).toHaveLength(500);
    expect([...aside.counts]).toEqual([
      ["record", 1],
      ["object", 1],
    ]);
  });

  it("never takes more than two files", async () => {
    const aside = open();
    for (let round = 0; round < 6; round += 1) {
      for (let i = 0; i < 900; i += 1)
        aside.take({ what: "message", why: "flood", subject: "s", data: "x".repeat(4000) });
      await aside.idle();
    }
    for (const name of ["set-aside.jsonl", "set-aside.1.jsonl"])
      expect((await stat(join(dir, name))).size).toBeLessThanOrEqual(4_194_304);
    expect(aside.counts.get("message")).toBe(5400);
  });

  it("loses an entry and nothing else when the disk refuses it", async () => {
    const aside = new SetAside(join(dir, "gone"), () => new Date(0), createLogger("test", "silent"));
    aside.take({ what: "command", why: "w", subject: "s" });
    await aside.idle();
    expect(aside.counts.get("command")).toBe(1);
  });
});
