import type { NodeId } from "@redline/shared";
import { nodeIdSchema, objectDigest, objectName, studyIdSchema, trialIdSchema } from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { expect, it } from "vitest";
import type { Buckets, InBucket } from "./objects-bucket.ts";
import { ExpectedObjects, type ExpectedObject } from "./objects-expected.ts";
import { ObjectsIntake, type ObjectsIntakePorts } from "./objects-intake.ts";

const [bad, good] = [nodeIdSchema.parse("bad"), nodeIdSchema.parse("good")];
const study = studyIdSchema.parse("s-0001");
const key = { trial: trialIdSchema.parse("s-0001-001"), attempt: 1 };
const DAY_MS = 86_400_000;
const nameOf = (text: string) => objectName(key, objectDigest(text));
const object = (node: NodeId, text: string): ExpectedObject => ({
  ...{ node, study, name: nameOf(text), sha256: objectDigest(text), bytes: text.length },
  ...{ sinceMs: 0, tries: 0, dueMs: 0 },
});

/** Expects what it was given, without a journal. */
class Given extends ExpectedObjects {
  readonly #left: ExpectedObject[];
  constructor(objects: ExpectedObject[]) {
    super(new Map());
    this.#left = objects;
  }
  override nodes = () => [...new Set(this.#left.map(({ node }) => node))];
  override due = (node: NodeId, nowMs: number) =>
    this.#left.filter((one) => one.node === node && one.dueMs <= nowMs);
  override has = (node: NodeId, name: string) =>
    this.#left.some((one) => one.node === node && one.name === name);
  override done = (one: ExpectedObject) => void this.#left.splice(this.#left.indexOf(one), 1);
  override get size() {
    return this.#left.length;
  }
}

function intakeOf(
  objects: ExpectedObject[],
  get: (node: NodeId, name: string) => Promise<InBucket>,
  more: Partial<Omit<ObjectsIntakePorts, "buckets">> & { readonly buckets?: Partial<Buckets> } = {},
) {
  const expected = new Given(objects);
  const on = new Set<string>();
  const log: string[] = [];
  const time = { ms: 0, wallMs: 0 };
  const { buckets, ...rest } = more;
  const intake = new ObjectsIntake({
    buckets: {
      ensure: () => Promise.resolve(),
      get,
      take: (node, name) => Promise.resolve(void log.push(`taken ${node} ${name}`)),
      list: () => Promise.resolve(null),
      ...buckets,
    },
    expected,
    folder: {
      put: (_, sha256, bytes) =>
        Promise.resolve(objectDigest(bytes) === sha256 && on.add(sha256).has(sha256)),
      has: (_, sha256) => Promise.resolve(on.has(sha256)),
    },
    setAside: { take: ({ why, subject }) => void log.push(`aside ${subject}: ${why}`) },
    clock: { monoMs: () => time.ms, now: () => new Date(time.wallMs) },
    log: createLogger("test", "silent"),
    keepMs: 0,
    keepBytes: 1000,
    leads: () => true,
    nodes: () => [bad, good],
    limitMs: 20,
    ...rest,
  });
  return { intake, expected, on, log, time, pass: () => intake.pass(new AbortController().signal) };
}
const there = (text: string): Promise<InBucket> => Promise.resolve({ is: "there", bytes: Buffer.from(text) });

it.each([
  ["fails", () => Promise.reject(new Error("no description"))],
  ["never answers", () => new Promise<InBucket>(() => undefined)],
])("takes the other nodes' objects while one bucket %s", async (_, get) => {
  const { pass, on, expected } = intakeOf([object(bad, "a"), object(good, "b")], (node) =>
    node === bad ? get() : there("b"),
  );
  expect(await pass()).toBe(true);
  expect(on).toEqual(new Set([objectDigest("b")]));
  expect(expected.size).toBe(1);
});

it("asks a node that failed again later, and not at every pass", async () => {
  let asked = 0;
  const { pass, time } = intakeOf([object(bad, "a")], () => {
    asked += 1;
    return Promise.reject(new Error("no"));
  });
  for (let i = 0; i < 5; i += 1) await pass();
  expect(asked).toBe(1);
  time.ms = 1000;
  await pass();
  expect(asked).toBe(2);
});

it("goes on with other nodes when the bus has no room for a bucket", async () => {
  const buckets = {
    ensure: (node: NodeId) => (node === bad ? Promise.reject(new Error("no room")) : Promise.resolve()),
  };
  const { pass, on } = intakeOf([object(bad, "a"), object(good, "b")], () => there("b"), { buckets });
  await pass();
  expect(on).toEqual(new Set([objectDigest("b")]));
});

it("sets aside what is no object, or not the one that is named, and asks for it no more", async () => {
  const { pass, log, expected } = intakeOf([object(bad, "a"), object(good, "b")], (node) =>
    node === bad ? Promise.resolve({ is: "refused", why: "it is a link" }) : there("other"),
  );
  await pass();
  expect(expected.size).toBe(0);
  expect(log).toEqual([
    `taken bad ${nameOf("a")}`,
    `aside bad ${nameOf("a")}: it is a link`,
    `taken good ${nameOf("b")}`,
    `aside good ${nameOf("b")}: its bytes are not those that its record names`,
  ]);
});

it("expects nothing any more that did not come in two weeks", async () => {
  const { pass, time, expected } = intakeOf([object(good, "b")], () => Promise.resolve({ is: "absent" }));
  await pass();
  expect(expected.size).toBe(1);
  [time.ms, time.wallMs] = [10_000, 15 * DAY_MS];
  await pass();
  expect(expected.size).toBe(0);
});

it("still expects what it could not mark as taken", async () => {
  const buckets = { take: () => Promise.reject(new Error("gone")) };
  const { pass, expected } = intakeOf([object(good, "b")], () => there("b"), { buckets });
  await pass();
  expect(expected.size).toBe(1);
});

it("knows after a restart what it has taken and what no record names", async () => {
  const listed = [nameOf("mine"), nameOf("strange")].map((name) => ({ name, bytes: 5 }));
  const buckets = { list: (node: NodeId) => Promise.resolve(node === good ? listed : null) };
  const never = () => Promise.reject(new Error("nothing is expected"));
  const { pass, on, log, time } = intakeOf([], never, { buckets, keepMs: DAY_MS });
  on.add(objectDigest("mine"));
  const at = async (ms: number) => {
    time.ms = ms;
    await pass();
  };
  await at(61_000);
  await at(800_000);
  expect(log).toEqual([
    `taken good ${nameOf("strange")}`,
    `aside good ${nameOf("strange")}: no record names it`,
  ]);
  await at(DAY_MS + 100_000);
  expect(log.at(-1)).toBe(`taken good ${nameOf("mine")}`);
});

it("keeps no more than its share of a bucket, and gives up the oldest first", async () => {
  const texts = ["one", "two", "six"];
  const listed = texts.map((text) => ({ name: nameOf(text), bytes: 3 }));
  const buckets = { list: () => Promise.resolve(listed) };
  const { pass, log, on } = intakeOf(
    texts.map((text) => object(good, text)),
    (_, name) => there(texts.find((text) => nameOf(text) === name) ?? ""),
    { buckets, keepMs: DAY_MS, keepBytes: 7 },
  );
  await pass();
  expect(on.size).toBe(3);
  expect(log).toEqual([`taken good ${nameOf("one")}`]);
});

it("removes nothing where another leads", async () => {
  const buckets = { list: () => Promise.resolve([{ name: nameOf("a"), bytes: 1 }]) };
  const never = () => Promise.reject(new Error("nothing is expected"));
  const { pass, log, time } = intakeOf([], never, { buckets, leads: () => false });
  for (time.ms of [61_000, 900_000, 2 * DAY_MS]) await pass();
  expect(log).toEqual([]);
});
