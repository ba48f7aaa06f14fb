import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  joinMessages,
  messageListSchema,
  objectDigest,
  OBJECT_MAX_BYTES,
  trialIdSchema,
} from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exchangeRecord } from "../brains/exchange-record.ts";
import { exchangeKeeper } from "./exchange-keeper.ts";
import { ObjectFolder } from "./object-folder.ts";

const key = { trial: trialIdSchema.parse("s-0001-001"), attempt: 1 };
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-objects-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const usage = { promptTokens: 1, completionTokens: 1 };
const messages = [
  { role: "system" as const, content: "be brief" },
  { role: "user" as const, content: "begin" },
];

describe("objects of an attempt", () => {
  it("are written once, by digest, and found again by another daemon", async () => {
    const folder = new ObjectFolder(dir);
    const stored: string[] = [];
    folder.onStored = ({ sha256 }) => void stored.push(sha256);
    const [a, b] = await Promise.all([folder.put(key, "hello"), folder.put(key, "hello")]);
    expect(a).toEqual({ ref: { sha256: objectDigest("hello"), bytes: 5 } });
    expect(b).toEqual(a);
    expect(stored).toEqual([objectDigest("hello")]);
    const later = new ObjectFolder(dir);
    const [found] = await later.all();
    expect(found).toEqual({ ...key, sha256: objectDigest("hello") });
    if (found === undefined) return;
    expect((await later.read(found))?.toString()).toBe("hello");
    await writeFile(join(dir, "s-0001-001.1", found.sha256), "other");
    expect(await later.read(found)).toBeNull();
    await later.remove(found);
    expect(await later.all()).toEqual([]);
  });

  it("are refused over the bounds, with the reason", async () => {
    const folder = new ObjectFolder(dir, 10);
    expect(await folder.put(key, Buffer.alloc(OBJECT_MAX_BYTES + 1))).toMatchObject({
      not: expect.stringContaining("at most") as unknown,
    });
    expect(await folder.put(key, "123456")).toHaveProperty("ref");
    expect(await folder.put(key, "abcdef")).toMatchObject({ not: "the attempt's objects are over 10 bytes" });
    expect(await folder.put({ ...key, attempt: 2 }, "abcdef")).toHaveProperty("ref");
  });

  it("are refused over what all attempts may have waiting, those of an earlier daemon too, until they are taken", async () => {
    await new ObjectFolder(dir).put(key, "123456");
    const folder = new ObjectFolder(dir, 100, 10);
    const next = { ...key, attempt: 2 };
    expect(await folder.put(next, "abcdef")).toMatchObject({
      not: "objects that wait for the coordinator are over 10 bytes on this node",
    });
    expect(await folder.put(next, "abc")).toHaveProperty("ref");
    await folder.remove({ ...key, sha256: objectDigest("123456") });
    expect(await folder.put(next, "abcdef")).toHaveProperty("ref");
    expect(await folder.put(next, "x".repeat(2))).toHaveProperty("not");
  });

  it("hold a request that its record's digest is of, and a whole answer that the record cuts", async () => {
    const folder = new ObjectFolder(dir);
    const keeper = exchangeKeeper(folder, key);
    const text = "x".repeat(40_000);
    const reply = { text, toolCalls: [], usage, waitedMs: 0 };
    const exchange = {
      number: 1,
      request: { messages, tools: [] },
      outcome: { reply },
      costUsd: null,
      tookMs: 1,
    };
    const record = await exchangeRecord(exchange, keeper);
    const { kept } = record.request;
    if (kept === undefined || !("list" in kept)) throw new Error("the messages were not kept");
    expect(kept.added).toHaveLength(2);
    const read = async (sha256: string) => (await folder.read({ ...key, sha256 }))?.toString() ?? "";
    const list = messageListSchema.parse(JSON.parse(await read(kept.list.sha256)));
    const joined = joinMessages(await Promise.all(list.messages.map(read)));
    expect(objectDigest(joined)).toBe(record.request.sha256);
    expect(JSON.parse(joined)).toEqual(messages);
    const whole = record.reply?.whole;
    if (whole === undefined || !("sha256" in whole)) throw new Error("the answer was not kept");
    expect(record.reply?.cut).toBe(true);
    expect(JSON.parse(await read(whole.sha256))).toEqual({ v: 1, text, calls: [] });

    // The next turn stores what is new alone.
    const more = [...messages, { role: "user" as const, content: "go on" }];
    const next = await exchangeRecord(
      { ...exchange, number: 2, request: { messages: more, tools: [] } },
      keeper,
    );
    expect(next.request.kept).toMatchObject({ added: [{ sha256: objectDigest(JSON.stringify(more[2])) }] });
  });

  it("are not needed for a record", async () => {
    const keeper = exchangeKeeper({ put: () => Promise.resolve({ not: "the disk is full" }) }, key);
    const reply = { text: "short", toolCalls: [], usage, waitedMs: 0 };
    const record = await exchangeRecord(
      { number: 1, request: { messages, tools: [] }, outcome: { reply }, costUsd: null, tookMs: 1 },
      keeper,
    );
    expect(record.request.kept).toEqual({ not: "the disk is full" });
    expect(record.reply).not.toHaveProperty("whole");
  });
});
