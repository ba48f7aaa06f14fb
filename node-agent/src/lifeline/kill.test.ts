import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KILL_SIGNAL, KillSwitch } from "./kill.ts";
import { BareNode } from "./lifeline-fixture.ts";
import { Quarantine } from "./quarantine.ts";

let dir = "";
let node = new BareNode();
let stop = new AbortController();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "redline-kill-"));
  node = new BareNode();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  // A kill's quarantine may still be on its way to the disk: its steps need the loop, which `rmSync` would hold.
  await rm(dir, { recursive: true, maxRetries: 10 });
});
const file = () => join(dir, "kill");
const setup = () => {
  const quarantine = new Quarantine({ ...node.parts, path: join(dir, "quarantine.json"), killPath: file() });
  return { quarantine, kills: new KillSwitch({ ...node.parts, quarantine, path: file() }) };
};
const emptied = () => node.records.flatMap(({ body }) => (body.kind === "emptied" ? [body] : []));
const until = async (done: () => boolean) => {
  for (let i = 0; !done(); i++) {
    if (i > 1000) throw new Error("never");
    await delay(10);
  }
};

describe("a kill", () => {
  it("kills before it does anything else, then quarantines, ends the parts and records", async () => {
    const { quarantine, kills } = setup();
    node.cell("a-1-o");
    node.part("a");
    const killing = kills.kill("kill-subject", () => "op@desk: drill");
    expect(quarantine.why()).toBe("kill-subject: op@desk: drill");
    expect(node.events.slice(0, 2)).toEqual(["empty a-1-o", "told a node-killed"]);
    expect(await killing).toMatchObject({ cells: 1, tookMs: 5 });
    expect(emptied()).toMatchObject([{ by: "kill-subject", cells: 1, tookMs: 5, detail: "op@desk: drill" }]);
    expect(node.registry.inUse).toBe(0);
  });

  it("tells what builds cells of the node's own at once, after the kills", async () => {
    const told: string[] = [];
    const { quarantine } = setup();
    const onEnd = ({ message }: Error) => told.push(`${node.events.join()}; ${message}`);
    const kills = new KillSwitch({ ...node.parts, quarantine, path: file(), onEnd });
    node.cell("escape-0a1b2c-agent");
    const killing = kills.kill("kill-signal", () => "");
    expect(told).toEqual(["empty escape-0a1b2c-agent; everything on this node was ended: kill-signal"]);
    await killing;
  });

  it("comes by a file, with its reason; by the next file again, once the node was cleared", async () => {
    const { quarantine, kills } = setup();
    await kills.atStart();
    kills.start(stop.signal);
    node.cell("a-1-o");
    expect(quarantine.why()).toBeNull();
    writeFileSync(`${file()}.new`, "fire drill\n\u001b[31m");
    renameSync(`${file()}.new`, file());
    await until(() => emptied().length === 1);
    expect(emptied()[0]).toMatchObject({ by: "kill-file", cells: 1 });
    expect(emptied()[0]?.detail).toMatch(/^the kill file is there: fire drill[^\u001b]*$/);
    await delay(500);
    expect(emptied()).toHaveLength(1);
    await quarantine.clear("op", "over");
    writeFileSync(file(), "");
    await until(() => emptied().length === 2);
  });

  it("comes by a file that nobody saw before a clearing would take it away", async () => {
    const { quarantine, kills } = setup();
    kills.start(stop.signal);
    await quarantine.set("found");
    const writing = quarantine.clear("op", "looked");
    // No turn of the loop in which the watch could tell of it.
    writeFileSync(file(), "now");
    await expect(writing).rejects.toThrow(/quarantined again meanwhile: kill-file: .*: now/);
    expect([quarantine.killed, existsSync(file())]).toEqual([true, true]);
    await until(() => emptied().length === 1);
  });

  it("comes by a file in a folder that took the place of the watched one", async () => {
    const { kills } = setup();
    kills.start(stop.signal);
    await delay(50);
    renameSync(dir, `${dir}-old`);
    mkdirSync(dir);
    await delay(50);
    writeFileSync(file(), "");
    await until(() => emptied().length === 1);
    rmSync(`${dir}-old`, { recursive: true });
  });

  it.each([
    ["a broken link", () => symlinkSync("/nowhere", file())],
    ["a folder", () => mkdirSync(file())],
    ["a pipe", () => execFileSync("mkfifo", [file()])],
  ])("takes %s for a kill file too", async (_, make) => {
    const { kills } = setup();
    kills.start(stop.signal);
    make();
    await until(() => emptied().length === 1);
    expect(emptied()[0]?.detail).toBe("the kill file is there");
  });

  it("that lies there at the start keeps the node from work", async () => {
    writeFileSync(file(), "not today");
    const { quarantine, kills } = setup();
    await kills.atStart();
    expect(quarantine.why()).toBe("kill-file: the kill file is there: not today");
    kills.start(stop.signal);
    await delay(300);
    expect(emptied()).toEqual([]);
  });

  it("comes by a signal", async () => {
    const { quarantine, kills } = setup();
    kills.start(stop.signal);
    process.kill(process.pid, KILL_SIGNAL);
    await until(() => emptied().length === 1);
    expect(emptied()[0]?.by).toBe("kill-signal");
    expect(quarantine.why()).toMatch(/^kill-signal/);
  });
});
