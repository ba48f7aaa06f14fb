import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { buckets, streams } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { studyOf } from "../kit/coordinator-bench.ts";
import { exitCodeOf, roleOf, startPair } from "../kit/coordinator-pair.ts";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const local = (trials: number) => studyOf({ trials, scenario: "local-copy" });

describe("two coordinators of which one has more than the other", () => {
  it("a bus that lost its store: one that may have less leads when nobody else comes, and nobody's acted-on lines are cut", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url);
    const { leader, standby } = await pair.roles();
    await pair.ended(await pair.submit(local(1)));
    await pair.same();
    await standby.end("SIGKILL");
    await pair.ended(await pair.submit(local(1)));
    await leader.end("SIGKILL");
    const { lines } = await leader.journal();
    await nats.wipe();
    standby.launch();
    await nats.start();
    await until("the other leads", async () => (await roleOf(standby)) === "leader");
    leader.launch();
    expect(await exitCodeOf(leader)).toEqual({ code: 2 });
    expect(leader.said).toMatch(/were acted on.*is for you to decide/);
    expect((await leader.journal()).lines).toEqual(lines);
    // One of the two ways that it names.
    await rename(join(leader.dir, "journal.jsonl"), join(leader.dir, "journal.old"));
    await leader.start();
    await pair.same();
  });

  it("an empty coordinator waits for one that has a journal, and none takes another's name", async () => {
    await using nats = await startNats();
    const dir = await mkdtemp(join(tmpdir(), "redline-first-"));
    const keyFile = join(dir, "signing.key");
    const { privateKey } = generateKeyPairSync("ed25519");
    await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const create = (name: string) =>
      CoordinatorProcess.create({
        ...{ REDLINE_NATS_URLS: nats.url, REDLINE_NODES: "n1", REDLINE_SIGNING_KEY_FILE: keyFile },
        ...{ REDLINE_STANDBY: "on", REDLINE_COORDINATOR_NAME: name, REDLINE_OTHER_WAIT_MS: "120000" },
      });
    try {
      await using old = await create("coordinator");
      await using empty = await create("coordinator-b");
      old.launch({ REDLINE_STANDBY: "off" });
      await until("it is ready", async () => (await old.get("/readyz")).status === 200);
      await old.end("SIGTERM");
      await empty.start();
      await old.start();
      await until("the one with a journal leads", async () => (await roleOf(old)) === "leader");
      const same = () =>
        until("it has all of it", async () => {
          const [a, b] = [(await old.journal()).lines, (await empty.journal()).lines];
          return a.length > 0 && a.join() === b.join();
        });
      await same();
      expect((await old.journal()).state.epoch).toBe(2);

      await using twin = await create("coordinator");
      twin.launch();
      expect(await exitCodeOf(twin)).toEqual({ code: 2 });
      expect(twin.said).toMatch(/another coordinator named coordinator leads.*REDLINE_COORDINATOR_NAME/);
      expect((await old.journal()).state.epoch).toBe(2);

      // Where nobody waited: the longer journal is not the one to give up.
      await old.end("SIGKILL");
      await empty.end("SIGKILL");
      await nats.wipe();
      await nats.start();
      await rename(join(empty.dir, "journal.jsonl"), join(empty.dir, "journal.old"));
      empty.launch({ REDLINE_OTHER_WAIT_MS: "100" });
      await until("the empty one leads", async () => (await roleOf(empty)) === "leader");
      old.launch();
      expect(await exitCodeOf(old)).toEqual({ code: 1 });
      expect(old.said).toMatch(/to keep this one, stop both coordinators/);
      await empty.end("SIGKILL");
      await rm(join(empty.dir, "journal.jsonl"));
      const connection = await connect({ servers: nats.url });
      const jsm = await jetstreamManager(connection);
      for (const stream of [streams.journal, `KV_${buckets.lead}`]) await jsm.streams.delete(stream);
      await connection.close();
      old.launch({ REDLINE_OTHER_WAIT_MS: "500" });
      await until("it leads", async () => (await roleOf(old)) === "leader");
      await empty.start();
      await same();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
