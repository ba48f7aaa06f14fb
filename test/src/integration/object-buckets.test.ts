import { randomBytes } from "node:crypto";
import { jetstream } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { nodeIdSchema, objectBucket } from "@redline/shared";
import { expect, it } from "vitest";
import { openBuckets } from "../../../coordinator/dist/objects-bucket.js";
import { startNats } from "../kit/nats.ts";

const [alpha, beta] = [nodeIdSchema.parse("alpha"), nodeIdSchema.parse("beta")];
const MIB = 1_048_576;
const LIMITS = { bytes: 17 * MIB, ttlMs: 3_600_000, replicas: 1 };

it("reads what a node wrote, and refuses what no object is, without a wait", async () => {
  await using nats = await startNats();
  await using connection = Object.assign(await connect({ servers: nats.url }), {
    async [Symbol.asyncDispose](): Promise<void> {
      await connection.close();
    },
  });
  const buckets = await openBuckets(connection, LIMITS);
  expect(await buckets.get(alpha, "none", 10)).toEqual({ is: "absent" });
  expect(await buckets.list(alpha)).toBeNull();
  await buckets.ensure(alpha);
  const js = jetstream(connection);
  const store = await new Objm(js).open(objectBucket(alpha));
  const large = randomBytes(3 * MIB + 5);
  for (const [name, bytes] of [
    ["small", Buffer.from("hello")],
    ["empty", Buffer.alloc(0)],
    ["large", large],
  ] as const)
    await store.putBlob({ name }, bytes);
  expect(await buckets.get(alpha, "none", 10)).toEqual({ is: "absent" });
  expect(await buckets.get(alpha, "small", 10)).toMatchObject({
    is: "there",
    bytes: Buffer.from("hello"),
  });
  expect(await buckets.get(alpha, "empty", 10)).toMatchObject({ is: "there", bytes: new Uint8Array() });
  const read = await buckets.get(alpha, "large", large.length);
  expect(read.is === "there" && large.equals(read.bytes)).toBe(true);
  expect(await buckets.get(alpha, "large", 100)).toEqual({ is: "too-large", bytes: large.length });

  // Names of six characters: their addresses need no padding.
  const meta = (name: string) => `$O.${objectBucket(alpha)}.M.${Buffer.from(name).toString("base64url")}`;
  const describe = (name: string, said: unknown) =>
    js.publish(meta(name), typeof said === "string" ? said : JSON.stringify({ name, ...Object(said) }));
  const nuid = "N".repeat(22);
  const described = { bucket: objectBucket(alpha), digest: "SHA-256=", size: 20, chunks: 1, nuid };
  await describe("nochnk", described);
  expect(await buckets.get(alpha, "nochnk", 100)).toEqual({ is: "absent" });
  await describe("lying1", { ...described, size: 9000, chunks: 2 });
  await js.publish(`$O.${objectBucket(alpha)}.C.${nuid}`, Buffer.alloc(9001));
  expect(await buckets.get(alpha, "lying1", 9000)).toEqual({ is: "too-large", bytes: 9001 });
  for (const [name, said] of Object.entries({
    nosize: { ...described, size: -1 },
    manych: { ...described, chunks: 1_000_000 },
    nochks: { ...described, chunks: 0 },
    wildid: { ...described, nuid: ">" },
    itself: { ...described, options: { link: { bucket: objectBucket(alpha), name: "itself" } } },
    others: { ...described, options: { link: { bucket: "elsewhere", name: "x" } } },
  })) {
    await describe(name, said);
    expect([name, await buckets.get(alpha, name, 100)]).toMatchObject([name, { is: "refused" }]);
  }
  await expect(new Objm(js).open("elsewhere")).rejects.toThrow();

  await buckets.take(alpha, "small");
  await buckets.take(alpha, "itself");
  expect(await buckets.get(alpha, "small", 10)).toEqual({ is: "taken" });
  expect(await buckets.get(alpha, "itself", 10)).toEqual({ is: "taken" });
  expect(await buckets.list(alpha)).toContainEqual({ name: "large", bytes: large.length });
  await describe("nojson", "{");
  await expect(buckets.get(alpha, "nojson", 10)).rejects.toThrow(SyntaxError);
  await buckets.take(alpha, "nojson");
  expect(await buckets.get(alpha, "nojson", 10)).toEqual({ is: "absent" });
});

it("says what to do when the bus has no room for one more bucket", async () => {
  await using nats = await startNats("jetstream { max_file_store: 20MB }");
  const connection = await connect({ servers: nats.url });
  try {
    const buckets = await openBuckets(connection, LIMITS);
    await buckets.ensure(alpha);
    await expect(buckets.ensure(beta)).rejects.toThrow(
      /no room for a bucket of 17 MiB for the objects of beta: raise max_file_store .*REDLINE_OBJECTS_MIB/,
    );
  } finally {
    await connection.close();
  }
});
