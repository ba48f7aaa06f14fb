import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { openedFileSchema, processReadsSchema, type OriginalFacts } from "@redline/shared";
import { expect, it } from "vitest";
import { ggufBytes } from "./bytes-fixture.ts";
import { startTestCell } from "./cell-fixture.ts";
import { deviceText } from "./device-text.ts";
import { sampleOpened, weightsOf } from "./weights-of.ts";
import { watchWeights } from "./weight-watch.ts";

const MARK = "redline-mark-9";
const bytes = ggufBytes({ strings: { "redline.mark": MARK } });
const digest = createHash("sha256").update(bytes).digest("hex");

/** The original lies at `path`. */
function factsOf(path: string): OriginalFacts {
  const { dev, ino } = statSync(path, { bigint: true });
  return {
    processes: [],
    files: [{ path, device: deviceText(dev), inode: String(ino) }],
    weights: [{ name: "o.gguf", size: bytes.length, shards: [digest], family: "" }],
    agent: { file: "agent.mjs", sha256: digest },
    mark: MARK,
  };
}

it("says of each file how it came here, with digest, mark and family", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  for (const name of ["o.gguf", "copy.gguf"]) writeFileSync(`${dir}/${name}`, bytes);
  linkSync(`${dir}/o.gguf`, `${dir}/hard.gguf`);
  mkdirSync(`${dir}/mounts`);
  writeFileSync(`${dir}/mounts/own`, "");
  writeFileSync(`${dir}/mounts/other`, "");
  writeFileSync(`${dir}/else.gguf`, bytes);
  symlinkSync(`${dir}/o.gguf`, `${dir}/soft.gguf`);
  await cell.do(`cp.execFileSync("mount", ["--bind", "${dir}/o.gguf", "${dir}/mounts/own"])`);
  await cell.do(`cp.execFileSync("mount", ["--bind", "${dir}/else.gguf", "${dir}/mounts/other"])`);
  const original = factsOf(`${dir}/o.gguf`);
  const lineageWhenOpened = async (name: string, sameDevice = true) => {
    await cell.do(`open.f = fs.openSync("${dir}/${name}")`);
    const processes = [cell.init];
    const found = await weightsOf({ cell: cell.scope, processes, watch: null, original, sameDevice });
    await cell.do("fs.closeSync(open.f)");
    expect(found.files.map((f) => openedFileSchema.safeParse(f).success)).toEqual([true]);
    expect(found.files).toMatchObject([{ shards: [digest], mark: true, format: "gguf", how: "fd", why: "" }]);
    return found.files[0]?.lineage;
  };
  expect(await lineageWhenOpened("copy.gguf")).toBe("copied");
  expect(await lineageWhenOpened("copy.gguf", false)).toBe("fetched");
  expect(await lineageWhenOpened("hard.gguf")).toBe("hard-link");
  expect(await lineageWhenOpened("soft.gguf")).toBe("symlink");
  expect(await lineageWhenOpened("o.gguf")).toBe("symlink");
  expect(await lineageWhenOpened("mounts/own")).toBe("bind-mount");
  expect(await lineageWhenOpened("mounts/other")).toBe("bind-mount");
  expect(await lineageWhenOpened("mounts/other", false)).toBe("bind-mount");
});

it("reads what was opened, not what lies at its path now", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  for (const name of ["o.gguf", "gone.gguf", "moved.gguf", "written.gguf"])
    writeFileSync(`${dir}/${name}`, bytes);
  const original = factsOf(`${dir}/o.gguf`);
  await using watch = watchWeights({ cell: cell.scope, everyMs: 5 });
  await cell.do(
    `for (const f of ["gone", "moved", "written"]) open[f] = fs.openSync("${dir}/" + f + ".gguf")`,
  );
  await watch.look();
  await cell.do(
    `fs.unlinkSync("${dir}/gone.gguf"); fs.renameSync("${dir}/moved.gguf", "${dir}/hidden"); fs.writeFileSync("${dir}/moved.gguf", "GGUF decoy"); fs.appendFileSync("${dir}/written.gguf", "more"); for (const f in open) fs.closeSync(open[f])`,
  );
  const question = { cell: cell.scope, processes: [cell.init], watch, original, sameDevice: true };
  const { files } = await weightsOf(question);
  const of = (name: string) => files.find((f) => f.path === `${dir}/${name}`);
  expect(of("gone.gguf")).toMatchObject({
    shards: [digest],
    links: 0,
    why: "it has no name any more (deleted)",
  });
  expect(of("moved.gguf")).toMatchObject({ shards: [digest], why: "another file is at its path now" });
  expect(of("written.gguf")).toMatchObject({
    size: bytes.length + 4,
    why: "written to after it was first seen",
  });
  expect(of("written.gguf")?.shards).not.toEqual([digest]);

  const gone = of("gone.gguf") ?? { device: "", inode: "" };
  expect(await sampleOpened(watch, gone, "n1")).toMatchObject({
    nonce: "n1",
    size: bytes.length,
    sha256: digest,
  });
  expect(await sampleOpened(watch, { device: "0:0", inode: "1" }, "n1")).toBeNull();
  expect(await sampleOpened(null, gone, "n1")).toBeNull();
});

it("has no files for a process without weights, its reads, and whom it asks", async () => {
  await using cell = await startTestCell();
  writeFileSync(`${cell.dir}/o.gguf`, bytes);
  await cell.do(
    `cp.execFileSync("ip", ["link", "set", "lo", "up"]); fs.readFileSync("${cell.dir}/o.gguf"); new Promise((r) => { open.up = net.createServer().listen(7001, "127.0.0.1", () => { open.own = net.createServer((s) => open.in = s).listen(7002, "127.0.0.1", r) }) })`,
  );
  // The listener at 7001 is another process's, the connections are this one's.
  const asker = `const s = net.connect(7001, "127.0.0.1"); const l = net.createServer().listen(7003, "127.0.0.1")`;
  await cell.do(
    `new Promise((r) => { open.child = cp.spawn(process.execPath, ["-e", 'const net = require("net"); ${asker.replaceAll('"', "\\x22")}; s.on("connect", () => console.log("on"))'], { stdio: ["ignore", "pipe", "inherit"] }); open.child.stdout.once("data", r) })`,
  );
  await cell.do(`new Promise((r) => { open.visitor = net.connect(7003, "127.0.0.1", r) })`);
  const original = factsOf(`${cell.dir}/o.gguf`);
  const child = await cell.childKey();
  const question = { cell: cell.scope, processes: [child], watch: null, original, sameDevice: false };
  const found = await weightsOf(question);
  expect(found.files).toEqual([]);
  expect(found.remotes).toHaveLength(1);
  expect(found.remotes[0]).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:7001$/);
  expect(processReadsSchema.safeParse(found.reads[0]).success).toBe(true);
  const before = found.reads[0]?.read ?? 0;
  const again = await weightsOf({ ...question, processes: [cell.init, child] });
  expect(again.reads.map(({ process }) => process)).toEqual([cell.init, child]);
  expect(before).toBeGreaterThan(0);
});

it("keeps what was caught of processes that are gone; where that is nothing, the test did not run", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  for (const name of ["o.gguf", "copy.gguf"]) writeFileSync(`${dir}/${name}`, bytes);
  await using watch = watchWeights({ cell: cell.scope, everyMs: 5 });
  const mapper = await cell.map(`${dir}/copy.gguf`);
  const question = { cell: cell.scope, processes: [mapper], original: factsOf(`${dir}/o.gguf`) };
  await watch.look();
  process.kill(mapper.pid, "SIGKILL");
  await expect.poll(() => existsSync(`/proc/${mapper.pid}`)).toBe(false);
  const { files } = await weightsOf({ ...question, watch, sameDevice: true });
  expect(files).toMatchObject([{ shards: [digest] }]);
  const unseen = weightsOf({ ...question, watch: null, sameDevice: true });
  await expect(unseen).rejects.toThrow("its processes are gone");
});

it("does not read a file that no conversion of the original can be, and rejects when it is aborted", async () => {
  await using cell = await startTestCell();
  const { dir } = cell;
  writeFileSync(`${dir}/o.gguf`, bytes);
  writeFileSync(`${dir}/huge.gguf`, bytes);
  truncateSync(`${dir}/huge.gguf`, 2 ** 41);
  await cell.do(`open.f = fs.openSync("${dir}/huge.gguf")`);
  const original = factsOf(`${dir}/o.gguf`);
  const question = { cell: cell.scope, processes: [cell.init], watch: null, original, sameDevice: true };
  const { files } = await weightsOf(question);
  expect(files).toMatchObject([
    { size: 2 ** 41, shards: [], why: "far larger than the original's weights: not read" },
  ]);
  await expect(weightsOf({ ...question, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
});
