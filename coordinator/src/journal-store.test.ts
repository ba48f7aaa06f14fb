import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JournalBrokenError } from "@redline/daemon";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { NotLeadingError, openJournalStore, type Replica } from "./journal-store.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-store-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const open = () => openJournalStore(join(dir, "journal.jsonl"), systemClock, () => undefined);
const started = (epoch: number) => ({ kind: "coordinator-started" as const, epoch, version: "é" });

/** Takes nothing until it is told. */
class SlowReplica implements Replica {
  #wasAsked: () => void = () => undefined;
  take: () => void = () => undefined;
  readonly asked = new Promise<void>((resolve) => (this.#wasAsked = resolve));
  readonly #taken = new Promise<void>((resolve) => (this.take = resolve));

  leads(): boolean {
    return true;
  }

  publish(): Promise<void> {
    this.#wasAsked();
    return this.#taken;
  }
}

describe("journal store", () => {
  it("rebuilds its state and reads its lines back by number, before and after a restart", async () => {
    const first = await open();
    await Promise.all([1, 2, 3].map((epoch) => first.commit(started(epoch))));
    const lines = await first.reader.read(0);
    expect(lines).toHaveLength(3);
    expect(await first.reader.read(2)).toEqual(lines.slice(2));
    expect(await first.reader.read(3)).toEqual([]);
    await first.close();

    const second = await open();
    expect(second.state.epoch).toBe(3);
    const waited = second.reader.waitBeyond(3, 5000);
    await second.commit(started(4));
    await waited;
    expect((await second.reader.read(1)).slice(0, 2)).toEqual(lines.slice(1));
    await second.close();
  });

  it("is not writable while a write hangs", async () => {
    let nowMs = 0;
    const clock = { monoMs: () => nowMs, now: () => new Date() };
    const store = await openJournalStore(join(dir, "journal.jsonl"), clock, () => undefined);
    const first = store.commit(started(1));
    nowMs = 4000;
    const second = store.commit(started(2));
    expect(store.writable()).toBe(true);
    nowMs = 5000;
    expect(store.writable()).toBe(false);
    await Promise.all([first, second]);
    expect(store.writable()).toBe(true);
    await store.close();
  });

  it("is not writable while the replica takes nothing", async () => {
    let nowMs = 0;
    const clock = { monoMs: () => nowMs, now: () => new Date() };
    const store = await openJournalStore(join(dir, "j"), clock, () => undefined, undefined, "standby");
    const replica = new SlowReplica();
    store.lead(replica);
    const one = store.commit(started(1));
    await replica.asked;
    expect(store.writable()).toBe(true);
    nowMs = 5000;
    expect(store.writable()).toBe(false);
    replica.take();
    await one;
    expect(store.writable()).toBe(true);
    await store.close();
  });

  it("a leader that resigns commits what it took, and takes no more", async () => {
    const store = await openJournalStore(join(dir, "j"), systemClock, () => undefined, undefined, "standby");
    const replica = new SlowReplica();
    store.lead(replica);
    const both = Promise.all([store.commit(started(1)), store.commit(started(2))]);
    let resigned = false;
    const over = store.resign().then(() => (resigned = true));
    await expect(store.commit(started(3))).rejects.toThrow(NotLeadingError);
    expect(resigned).toBe(false);
    replica.take();
    expect((await both).map(({ seq }) => seq)).toEqual([1, 2]);
    await over;
    expect(store.reader.head).toBe(2);
    await store.close();
  });

  it("refuses a body that could not be read again, and a journal of unknown shape", async () => {
    const store = await open();
    await expect(store.commit(started(0))).rejects.toThrow();
    await store.commit(started(1));
    await store.close();
    const path = join(dir, "journal.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replace("coordinator-started", "coordinator-who"));
    await expect(open()).rejects.toThrow(JournalBrokenError);
  });
});
