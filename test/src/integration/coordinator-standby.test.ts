import { generateKeyPairSync } from "node:crypto";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { linkRecord, lineHash } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { startsOf, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { exitCodeOf, roleOf, startPair, type CoordinatorPair } from "../kit/coordinator-pair.ts";
import type { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { startNats } from "../kit/nats.ts";
import { until } from "../kit/until.ts";

const local = (trials: number) => studyOf({ trials, scenario: "local-copy" });

/** Highest term of a pulse that every node has heard. */
const epochHeard = ({ nodes }: CoordinatorPair) => Math.min(...nodes.map((n) => n.pulses.at(-1)?.epoch ?? 0));

/** Each node's record once, in its order. */
function expectNoneTwice(lines: readonly string[]): void {
  const names = lines.flatMap(
    (line) => /"node-record","node":"([^"]+)","seq":(\d+)/.exec(line)?.slice(1).join(" ") ?? [],
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(0);
}

// One after the other: a leader that cannot renew for two seconds steps down, as it must, and then these prove nothing.
describe("two coordinators", () => {
  it("go on with what runs when the leader is killed, and the other one comes back as standby", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url, {}, { slots: 1 });
    const first = await pair.ended(await pair.submit(local(3)));
    expect(statesOf(first)).toEqual(["done", "done", "done"]);

    const { leader, standby, name } = await pair.roles();
    const refused = await standby.post("/api/studies", local(1));
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      503,
      expect.objectContaining({ leader: name }),
    ]);
    const before = (await leader.journal()).state.epoch;
    for (const node of pair.nodes) node.runMs = 7000;
    const study = await pair.submit(local(5));
    await until("three run", () => startsOf(pair.nodes).length === 6);

    await leader.end("SIGKILL");
    await until("pulses of the next term", () => epochHeard(pair) > before);
    expect(await roleOf(standby)).toBe("leader");
    // As the service manager would.
    await leader.start();
    expect(await roleOf(leader)).toBe("standby");

    const trials = await pair.ended(study);
    expect(statesOf(trials)).toEqual(Array(5).fill("done"));
    expect(trials.map((t) => t.attempts.length)).toEqual(Array(5).fill(1));
    expect(trials.map((t) => t.attempts[0]?.epoch).toSorted()).toEqual([
      before,
      before,
      before,
      before + 1,
      before + 1,
    ]);
    expect(startsOf(pair.nodes)).toHaveLength(8);
    const lines = await pair.same();
    expectNoneTwice(lines);
    const { state } = await standby.journal();
    expect(state.epoch).toBe(before + 1);
    expect(statesOf(state.trialsOf(first[0]?.study ?? expect.fail()))).toEqual(["done", "done", "done"]);
  });

  it("hand over at once at an orderly end", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url);
    const { leader, standby } = await pair.roles();
    // While it has much to do: what it takes gets to the other one, and it ends as one that was told to.
    const posts = Array.from({ length: 30 }, () =>
      leader.post("/api/studies", local(1)).then(
        ({ status }) => status,
        () => "cut off",
      ),
    );
    for (const node of pair.nodes)
      for (let i = 0; i < 100; i += 1) node.write({ kind: "agent-event", event: { i } });
    await posts[0];
    expect(await leader.end("SIGTERM"), leader.said.slice(-3000)).toBe(0);
    const answers = await Promise.all(posts);
    expect(answers).toContain(201);
    expect(answers.filter((status) => ![201, 503, "cut off"].includes(status))).toEqual([]);
    await until("the other leads", async () => (await roleOf(standby)) === "leader");
    expect(standby.said).toContain("taking the lead");
    await leader.start();
    await pair.same();
    expect((await readdir(leader.dir)).filter((file) => file.startsWith("journal.cut-"))).toEqual([]);
  });

  it("a frozen leader that thaws does no harm: it ends, and nothing is there twice", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url, {}, { slots: 2, runMs: 300 });
    const { leader, standby } = await pair.roles();
    const before = (await leader.journal()).state.epoch;
    const study = await pair.submit(local(40));
    await until("some are done", async () =>
      (await leader.journal()).state.trialsOf(study).some((t) => t.state === "done"),
    );
    leader.signal("SIGSTOP");
    await until("the other leads", async () => (await roleOf(standby)) === "leader");
    await until("pulses of the next term", () => epochHeard(pair) > before);
    leader.signal("SIGCONT");
    expect(await exitCodeOf(leader)).toEqual({ code: 1 });
    expect(leader.said).toMatch(/leads now|deposed|could not be renewed/);
    await leader.start();
    const trials = await pair.ended(study);
    expect(statesOf(trials)).toEqual(Array(40).fill("done"));
    expect(trials.every((t) => t.attempts.length === 1)).toBe(true);
    expect(new Set(startsOf(pair.nodes)).size).toBe(startsOf(pair.nodes).length);
    expectNoneTwice(await pair.same());
  });

  it("a coordinator that was away gets lines older than the stream, and gives up its own that nobody acted on", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url, { REDLINE_JOURNAL_STREAM_MIB: "1" });
    const { leader, standby, name } = await pair.roles();
    // What is on its disk only, because the stream was slow, would be cut too.
    await pair.same();
    await leader.end("SIGKILL");
    // Durable on its own disk, and never on the stream: written as the process died.
    const cut = await appendRecord(leader);
    await until("the other leads", async () => (await roleOf(standby)) === "leader");

    const detail = "x".repeat(30_000);
    const [node] = pair.nodes;
    for (let i = 0; i < 60; i += 1) node?.write({ kind: "agent-event", event: { detail } });
    await until(
      "all of it is journalled",
      async () => (await standby.journal()).lines.join("").length > 1_800_000,
    );
    await leader.start();
    const lines = await pair.same();
    expect(leader.said).toContain("lines are older than the stream");
    expect(lines).not.toContain(cut.line);
    const kept = (await readdir(leader.dir)).filter((file) => file.startsWith("journal.cut-"));
    expect(kept).toEqual([`journal.cut-${cut.seq}.jsonl`]);
    expect(await readFile(join(leader.dir, kept[0] ?? ""), "utf8")).toBe(`${cut.line}\n`);

    // And it can lead again.
    await standby.end("SIGKILL");
    await until(`${name} leads`, async () => (await roleOf(leader)) === "leader");
    expect(statesOf(await pair.ended(await pair.submit(local(1))))).toEqual(["done"]);
  });

  it("a bus that lost its store: whoever led last goes first and publishes its newest lines", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url);
    const { leader, standby, name } = await pair.roles();
    // The new pair need not wait; from here on the other one leaves the place to who led last, however long that takes.
    await standby.end("SIGTERM");
    standby.launch({ REDLINE_OTHER_WAIT_MS: "120000" });
    await until("it follows", async () => (await roleOf(standby)) === "standby");
    const study = await pair.submit(local(2));
    await pair.ended(study);
    const before = await pair.same();
    await nats.wipe();
    await exitCodeOf(leader);
    leader.launch();
    await nats.start();
    expect((await pair.roles()).name).toBe(name);
    expect(statesOf(await pair.ended(await pair.submit(local(2))))).toEqual(["done", "done"]);
    // It ends where it sees that the stream is another one, and is started again, as a service manager does.
    const after = await until("both journals are the same", async () => {
      if (standby.exited() !== null) standby.launch();
      const lines = (await Promise.all([leader, standby].map((one) => one.journal()))).map(
        (one) => one.lines,
      );
      return lines[0]?.join() === lines[1]?.join() && lines[0];
    });
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it("two keys never lead beside each other; a key that was changed on both takes the streams over", async () => {
    await using nats = await startNats();
    await using pair = await startPair(nats.url);
    const { leader, standby } = await pair.roles();
    await pair.ended(await pair.submit(local(2)));
    const before = await pair.same();
    const file = join(leader.dir, "other.key");
    const other = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(file, other, { mode: 0o600 });
    const changed = { REDLINE_SIGNING_KEY_FILE: file };

    await standby.end("SIGTERM");
    standby.launch(changed);
    expect(await exitCodeOf(standby)).toEqual({ code: 2 });
    expect(standby.said).toContain("another signing key leads on this bus");
    expect([leader.exited(), await roleOf(leader)]).toEqual([null, "leader"]);

    await leader.end("SIGTERM");
    leader.launch(changed);
    await until("it leads again", async () => (await roleOf(leader)) === "leader");
    standby.launch(changed);
    await until("the other follows", async () => (await roleOf(standby)) === "standby");
    const after = await pair.same();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.length).toBeGreaterThan(before.length);
  });
});

async function appendRecord(one: CoordinatorProcess): Promise<{ line: string; seq: number }> {
  const { lines } = await one.journal();
  const head = { seq: lines.length, hash: lineHash(lines.at(-1) ?? "") };
  const body = { kind: "stop-ordered", who: "nobody", why: "never acted on" };
  const { line } = linkRecord(head, { v: 1, at: new Date().toISOString(), monoMs: 1, body });
  await appendFile(join(one.dir, "journal.jsonl"), `${line}\n`);
  return { line, seq: lines.length + 1 };
}
