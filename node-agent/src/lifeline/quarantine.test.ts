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
    expect(open().why()).toBe("a look found something");
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
