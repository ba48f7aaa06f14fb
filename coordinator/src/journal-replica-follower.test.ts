import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JetStreamManager } from "@nats-io/jetstream";
import { EMPTY_HEAD, linkRecord, lineHash } from "@redline/shared";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeMessage, packLines } from "./journal-replica-message.ts";
import { ForkedError, JournalFollower, StreamReplacedError } from "./journal-replica-follower.ts";
import { openJournalStore, type JournalStore } from "./journal-store.ts";
import { PairSecret } from "./pair-secret.ts";

const secret = new PairSecret(generateKeyPairSync("ed25519").privateKey);
const clock = { monoMs: () => 0, now: () => new Date(0) };
let dir = "";
let store: JournalStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-follow-"));
  store = await open();
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const open = () => openJournalStore(join(dir, "j.jsonl"), clock, () => undefined, undefined, "standby");

/** Lines of a journal that says `whys` one after the other, after `lines`. */
function journal(whys: readonly string[], lines: readonly string[] = []): string[] {
  const last = lines.at(-1);
  let head = last === undefined ? EMPTY_HEAD : { seq: lines.length, hash: lineHash(last) };
  const more = whys.map((why) => {
    const body = { kind: "stop-ordered", who: "test", why };
    const linked = linkRecord(head, { v: 1, at: "2026-01-01T00:00:00.000Z", monoMs: 1, body });
    head = linked.head;
    return linked.line;
  });
  return [...lines, ...more];
}

/** What nobody with the key wrote. */
const JUNK = null;

/** A stream with one message for each group of lines; `first`: number of the first message that it still has. */
function streamOf(
  groups: readonly (readonly string[] | null)[],
  first = 1,
  created: () => string = () => "once",
): Pick<JetStreamManager, "streams"> {
  let seq = 1;
  const messages = groups.map((lines) => {
    if (lines === JUNK) return Buffer.from('{"type":"io.nats.jetstream.api.v1.account_info_response"}');
    const numbered = lines.map((line) => ({ seq: seq++, line }));
    const { messages } = packLines(numbered, { by: "coordinator", start: "s" });
    return encodeMessage(messages[0] ?? expect.fail(), secret);
  });
  const state = { first_seq: first, last_seq: messages.length, messages: messages.length - first + 1 };
  const streams = {
    info: () => Promise.resolve({ state, created: created() }),
    getMessage: (_stream: string, { seq: at }: { seq: number }) => {
      const data = at < first ? undefined : messages[at - 1];
      return Promise.resolve(data === undefined ? null : { data });
    },
  };
  // @ts-expect-error: what a follower needs of it, and no more
  return { streams };
}

function follower(jsm: Pick<JetStreamManager, "streams">, leaders: readonly string[] = []) {
  const older = (after: number) => Promise.resolve(leaders.slice(after, after + 3));
  return new JournalFollower({
    store,
    jsm,
    secret,
    older,
    onStream: () => undefined,
    log: pino({ level: "silent" }),
  });
}

const written = async () => (await readFile(join(dir, "j.jsonl"), "utf8")).split("\n").slice(0, -1);
const fill = (lines: readonly string[]) => Promise.all(lines.map((line) => store.follow(line)));
const all = journal(["a", "b", "c", "d", "e", "f", "g", "h"]);
const pairs = [all.slice(0, 2), all.slice(2, 4), all.slice(4, 6), all.slice(6, 8)];

describe("follower of a journal", () => {
  it("does not take a stream that was made anew for the one that it followed, however long that is", async () => {
    const lines = journal(["a", "b"]);
    let made = "once";
    const one = follower(streamOf([lines], 1, () => made));
    await one.catchUp();
    await one.catchUp();
    made = "again";
    await expect(one.catchUp()).rejects.toThrow(StreamReplacedError);
    expect(store.head().seq).toBe(2);
  });

  it("takes the stream's lines byte for byte, from the first or from where it was", async () => {
    await fill(all.slice(0, 3));
    const f = follower(streamOf(pairs));
    await f.catchUp();
    expect(await written()).toEqual(all);
    expect([f.position, f.lineSeq, store.state.stopped?.why]).toEqual([4, 8, "h"]);
  });

  it.each([0, 3, 8])("passes over what no coordinator wrote, with %i lines here already", async (lines) => {
    await fill(all.slice(0, lines));
    const [a = JUNK, b = JUNK, c = JUNK, d = JUNK] = pairs;
    const f = follower(streamOf([JUNK, a, JUNK, JUNK, b, c, JUNK, d, JUNK]));
    await f.catchUp();
    expect(await written()).toEqual(all);
    expect([f.position, f.lineSeq]).toEqual([9, 8]);
  });

  it("takes a stream of nothing else for one without lines", async () => {
    await fill(all);
    const f = follower(streamOf([JUNK, JUNK, JUNK]));
    await f.catchUp();
    expect([f.position, f.lineSeq, await written()]).toEqual([3, 0, all]);
  });

  it("asks the leader for lines that the stream has no more", async () => {
    await fill(all.slice(0, 1));
    await follower(streamOf(pairs, 4), all).catchUp();
    expect(await written()).toEqual(all);
  });

  it("cannot go on while nobody has those lines", async () => {
    await expect(follower(streamOf(pairs, 4)).catchUp()).rejects.toThrow("the leader has no line 1");
    expect(await written()).toEqual([]);
  });

  /** Until it gives up for good: the first look may ask for another. */
  async function twice(f: JournalFollower): Promise<unknown> {
    const first: unknown = await f.catchUp().catch((error: unknown) => error);
    if (first instanceof ForkedError || String(first).includes("in common")) return first;
    return f.catchUp().catch((error: unknown) => error);
  }

  it("finds where its own lines leave the leader's, on the stream alone", async () => {
    await fill(journal(["x", "y"], all.slice(0, 4)));
    expect(await twice(follower(streamOf(pairs)))).toMatchObject({ keep: 4 });
  });

  it("finds it where the newest message that it could compare comes long after", async () => {
    await fill(journal(["u", "v", "w", "x"], all.slice(0, 3)));
    expect(await twice(follower(streamOf(pairs)))).toMatchObject({ keep: 3 });
  });

  it("asks the leader where the stream has only what comes later", async () => {
    await fill(journal(["x", "y"], all.slice(0, 5)));
    expect(await twice(follower(streamOf(pairs, 4), all))).toMatchObject({ keep: 5 });
  });

  it("refuses a journal of another lab", async () => {
    await fill(journal(["other"]));
    expect(String(await twice(follower(streamOf(pairs), all)))).toContain("no line in common");
  });

  it("does not commit", async () => {
    await expect(store.commit({ kind: "stop-ordered", who: "a", why: "b" })).rejects.toThrow("standby");
    expect([store.writable(), await written()]).toEqual([false, []]);
  });
});
