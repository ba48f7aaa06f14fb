import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { ggufBytes, safetensorsBytes } from "./bytes-fixture.ts";
import { startTestCell } from "./cell-fixture.ts";
import { watchWeights, type Opened, type WeightWatch } from "./weight-watch.ts";

const paths = (opened: readonly Opened[]) => opened.map(({ path }) => path).sort();
const held = (watch: WeightWatch, opened: readonly Opened[]) =>
  watch.openings(opened.map((o) => o.process)).map(({ file }) => readFileSync(`/proc/self/fd/${file.fd}`));
/** The condition itself is the clock: no time is promised. */
async function until(done: () => boolean) {
  while (!done()) await delay(5);
}

it("tells once of each file of weights that a process opens, and of nothing else", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  writeFileSync(`${dir}/a.gguf`, ggufBytes());
  writeFileSync(`${dir}/b.safetensors`, safetensorsBytes({}));
  writeFileSync(`${dir}/large.bin`, Buffer.alloc(1_100_000, 1));
  writeFileSync(`${dir}/small.bin`, Buffer.alloc(100_000, 1));
  writeFileSync(`${dir}/program`, Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.alloc(1_100_000)]));
  const opened: Opened[] = [];
  await using watch = watchWeights({ cell: cell.scope, onOpened: (o) => opened.push(o), everyMs: 5 });
  await watch.look();
  expect(opened).toEqual([]);
  await cell.do(
    `for (const f of fs.readdirSync("${dir}")) open[f] = [fs.openSync("${dir}/" + f), fs.openSync("${dir}/" + f)]`,
  );
  await until(() => opened.length >= 3);
  expect(await watch.look()).toMatchObject({ ok: true, processes: 1, missed: 0 });
  expect(paths(opened)).toEqual([`${dir}/a.gguf`, `${dir}/b.safetensors`, `${dir}/large.bin`]);
  expect(opened[0]?.process).toEqual(cell.init);
  expect(watch.openings([{ ...cell.init, startTick: 1 }])).toEqual([]);
});

it("keeps a file that was open for a moment, then was unlinked or replaced by a decoy", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  const [gone, decoyed] = [ggufBytes({ strings: { n: "gone" } }), ggufBytes({ strings: { n: "decoyed" } })];
  writeFileSync(`${dir}/gone.gguf`, gone);
  writeFileSync(`${dir}/m.gguf`, decoyed);
  const opened: Opened[] = [];
  await using watch = watchWeights({ cell: cell.scope, onOpened: (o) => opened.push(o), everyMs: 5 });
  await cell.do(`open.a = fs.openSync("${dir}/gone.gguf"); open.b = fs.openSync("${dir}/m.gguf")`);
  await until(() => opened.length === 2);
  await cell.do(
    `fs.closeSync(open.a); fs.closeSync(open.b); fs.unlinkSync("${dir}/gone.gguf"); fs.renameSync("${dir}/m.gguf", "${dir}/x"); fs.writeFileSync("${dir}/m.gguf", "GGUF decoy")`,
  );
  expect((await watch.look()).ok).toBe(true);
  const bytes = held(watch, [{ process: cell.init, path: "", size: 0 }]);
  expect(bytes).toHaveLength(2);
  expect(bytes.some((b) => b.equals(gone)) && bytes.some((b) => b.equals(decoyed))).toBe(true);
});

it("catches a file that is only mapped, and one that never had a name", async () => {
  await using cell = await startTestCell();
  writeFileSync(`${cell.dir}/a.gguf`, ggufBytes());
  const mapper = await cell.map(`${cell.dir}/a.gguf`);
  const writer = await cell.memfd();
  await using watch = watchWeights({ cell: cell.scope, everyMs: 600_000 });
  await watch.look();
  expect(watch.openings([mapper]).map(({ opening }) => opening.how)).toEqual(["map"]);
  const [memory] = watch.openings([writer]);
  expect(memory?.opening.path).toBe("/memfd:weights (deleted)");
  expect(memory?.opening.mount).toMatchObject({ fsType: "memfd", point: "" });
});

it("looks again at a file that was too small, and at a process that opens more", async () => {
  await using cell = await startTestCell();
  const path = `${cell.dir}/download`;
  await using watch = watchWeights({ cell: cell.scope, everyMs: 600_000 });
  await cell.do(`open.f = fs.openSync("${path}", "w"); fs.writeSync(open.f, "x")`);
  await watch.look();
  expect(watch.openings([cell.init])).toEqual([]);
  await cell.do(`fs.writeSync(open.f, Buffer.alloc(2000000))`);
  await watch.look();
  const size: unknown = expect.any(Number);
  expect(watch.openings([cell.init])).toMatchObject([{ opening: { path, size } }]);
});

it("never opens a FIFO, a socket or a device", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  execFileSync("mkfifo", [`${dir}/fifo`]);
  await cell.do(
    `open.r = fs.openSync("${dir}/fifo", fs.constants.O_RDWR); open.z = fs.openSync("/dev/zero"); net.createServer().listen("${dir}/socket"); 0`,
  );
  await using watch = watchWeights({ cell: cell.scope, everyMs: 600_000 });
  expect(await watch.look()).toMatchObject({ ok: true, missed: 0 });
  expect(watch.openings([cell.init])).toEqual([]);
});

it("holds at most 64 files, known formats before what is only large, and closes them all", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  await cell.do(
    `for (let i = 0; i < 80; i++) { fs.writeFileSync("${dir}/" + i, Buffer.alloc(1100000, 1)); fs.openSync("${dir}/" + i) }`,
  );
  const before = readdirSync("/proc/self/fd").length;
  const watch = watchWeights({ cell: cell.scope, everyMs: 600_000 });
  expect(await watch.look()).toMatchObject({ ok: true, missed: 16 });
  expect(watch.openings([cell.init])).toHaveLength(64);
  writeFileSync(`${dir}/a.gguf`, ggufBytes());
  await cell.do(`open.g = fs.openSync("${dir}/a.gguf")`);
  await watch.look();
  const files = watch.openings([cell.init]);
  expect(files).toHaveLength(64);
  expect(files.filter(({ file }) => file.format === "gguf")).toHaveLength(1);
  await watch.close();
  expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 10);
  expect(await watch.look()).toEqual({ ok: false, why: "the watch is closed" });
  await watch.close();
});

it("goes on when processes vanish, and when the cell is gone", async () => {
  const cell = await startTestCell();
  await using watch = watchWeights({ cell: cell.scope, everyMs: 1 });
  await cell.do(`for (let i = 0; i < 60; i++) cp.spawn("true"); 0`);
  expect((await watch.look()).ok).toBe(true);
  await cell[Symbol.asyncDispose]();
  expect(await watch.look()).toMatchObject({ ok: true, processes: 0 });
  expect(await watch.look(AbortSignal.abort())).toEqual({ ok: false, why: "aborted" });
});
