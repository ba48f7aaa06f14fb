import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BareNode } from "./lifeline-fixture.ts";
import { Quarantine } from "./quarantine.ts";

let dir = "";
let node = new BareNode();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "redline-quarantine-"));
  node = new BareNode();
});
afterEach(() => rmSync(dir, { recursive: true }));
const path = () => join(dir, "quarantine.json");
const open = () => new Quarantine({ ...node.parts, path: path(), killPath: join(dir, "kill") });
const kinds = () => node.records.map(({ body }) => body.kind);

describe("quarantine", () => {
  it("holds at once, over a restart, and until it is cleared", async () => {
    const quarantine = open();
    let changes = 0;
    quarantine.onChange = () => (changes += 1);
    expect(quarantine.why()).toBeNull();
    const setting = quarantine.set("a look found something");
    expect([quarantine.why(), changes]).toEqual(["a look found something", 1]);
    await setting;
    await quarantine.set("something else");
    expect(open().why()).toBe("a look found something; and: something else");
    expect(kinds()).toEqual(["quarantined", "quarantined"]);

    writeFileSync(join(dir, "kill"), "drill");
    await quarantine.clear("op@desk", "looked at it");
    expect(quarantine.why()).toBeNull();
    expect([existsSync(path()), existsSync(join(dir, "kill"))]).toEqual([false, false]);
    expect(open().why()).toBeNull();
    expect(node.records.at(-1)?.body).toEqual({ kind: "cleared", who: "op@desk", why: "looked at it" });
  });

  it("is one where its file cannot be read or understood", () => {
    writeFileSync(path(), '{"v":1');
    expect(open().why()).toMatch(/cannot be understood; look at it/);
    rmSync(path());
    mkdirSync(path());
    expect(open().why()).toMatch(/cannot be read/);
  });

  it("holds in memory where it cannot be written", async () => {
    rmSync(dir, { recursive: true });
    const quarantine = open();
    await quarantine.set("no folder");
    expect(quarantine.why()).toBe("no folder");
    expect(kinds()).toEqual(["quarantined"]);
    mkdirSync(dir);
  });

  it("holds over a restart by the journal alone, where its file could not be written", async () => {
    const past = { v: 1 as const, why: "kill-file: drill", at: "2026-01-01T00:00:00.000Z", killed: true };
    const after = new Quarantine({ ...node.parts, path: path(), killPath: join(dir, "kill"), past });
    expect([after.why(), after.killed]).toEqual(["kill-file: drill", true]);
    expect(after.sinceMs).toBe(Date.parse(past.at));
    writeFileSync(path(), '{"v":1,"why":"by hand"}');
    const both = new Quarantine({ ...node.parts, path: path(), killPath: join(dir, "kill"), past });
    expect([both.why(), both.killed]).toEqual(["by hand; and: kill-file: drill", true]);
    await both.clear("op", "x");
    expect(open().why()).toBeNull();
  });

  it("is not lifted by a look that began before another reason came", async () => {
    const quarantine = open();
    await quarantine.set("first");
    const asOf = quarantine.revision;
    const setting = quarantine.set("kill-subject: op: drill");
    await expect(quarantine.clear("op", "looked", asOf)).rejects.toThrow(
      "quarantined again meanwhile: kill-subject: op: drill",
    );
    await setting;
    expect([quarantine.killed, open().killed]).toEqual([true, true]);
    await quarantine.set("found later");
    expect(quarantine.why()).toBe("first; and: found later");
    // What came between is not forgotten by a restart either.
    expect([open().killed, open().why()]).toEqual([true, quarantine.why()]);
    expect(open().sinceMs).toBe(quarantine.sinceMs);
    await quarantine.clear("op", "looked again", quarantine.revision);
    expect([quarantine.why(), quarantine.killed]).toEqual([null, false]);
  });

  it("tells both reasons in 300 characters", async () => {
    const quarantine = open();
    await quarantine.set("a".repeat(400));
    await quarantine.set("b".repeat(400));
    expect(quarantine.why()).toMatch(/^a{100,}; and: b{100,}$/);
    expect(quarantine.why()).toHaveLength(300);
    expect(open().why()).toBe(quarantine.why());
  });

  it("stays when a file cannot be removed, and says which", async () => {
    const quarantine = open();
    await quarantine.set("x");
    mkdirSync(join(dir, "kill"));
    await expect(quarantine.clear("op", "y")).rejects.toThrow(
      /kill cannot be removed .* by hand, then clear again/,
    );
    expect(quarantine.why()).toBe("x");
    expect(readFileSync(path(), "utf8")).toContain('"why":"x"');
  });
});
