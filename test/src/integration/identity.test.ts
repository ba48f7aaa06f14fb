import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import {
  calibrationSchema,
  canarySchema,
  canaryScoreSchema,
  computeSchema,
  probeSchema,
} from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Servers that an agent may put where a model server should be; the first number is the port, in the cell. */
const SERVERS = String.raw`
import { createServer } from "node:http";
import { createServer as createTcp } from "node:net";
import { createServer as createTls } from "node:tls";
const up = (server, port) => new Promise((done) => server.listen(port, "127.0.0.1", done));
const http = (port, handle) => up(createServer((req, res) => { let body = ""; req.on("data", (d) => (body += d)); req.on("end", () => handle(req, res, body)); }), port);
const says = (port, choice) => http(port, (req, res) => res.end(typeof choice === "string" ? choice : JSON.stringify({ choices: [choice] })));
const logprobs = (token_ids, token_logprobs) => ({ text: "ab", logprobs: { token_ids, token_logprobs } });
await http(9001, () => undefined);
await http(9002, (req, res) => { const part = Buffer.alloc(1048576, "x"); let left = 100; const more = () => { while (left-- > 0) if (!res.write(part)) { res.once("drain", more); return; } res.end(); }; more(); });
await http(9003, (req, res) => { res.statusCode = 307; res.setHeader("location", "http://127.0.0.1:8760/v1/completions"); res.end(); });
await up(createTls({ ciphers: "PSK", pskCallback: () => null }, () => undefined).on("tlsClientError", () => undefined), 9004);
await up(createTcp((s) => { s.on("error", () => undefined); s.end(Buffer.from([0xff, 0, 0x1b, 0x5b, 0x32, 0x4a, 10])); }), 9005);
await says(9006, logprobs([5, 6, 7], [-1, -2]));
await says(9007, '{"choices":[{"text":"ab","logprobs":{"token_ids":[5,6],"token_logprobs":[NaN,NaN]}}]}');
await says(9008, logprobs([5, 6], [null, "NaN"]));
await says(9009, logprobs([-5, 6], [-1, -2]));
await says(9010, logprobs(Array(40).fill(5), Array(40).fill(-1)));
await says(9011, { text: "words alone" });
await up(createTcp((s) => { s.on("error", () => undefined); s.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"); const drip = setInterval(() => s.write("{"), 50); s.on("close", () => clearInterval(drip)); }), 9012);
let asked = 0;
await http(9013, (req, res) => { asked += 1; if (asked === 1) res.end(JSON.stringify({ choices: [logprobs([5, 6], [-1, -2])] })); });
/* The dialect of vLLM in front of the original: ids beside the choice, no prompt without an answer. */
await http(9014, async (req, res, body) => {
  const asks = JSON.parse(body);
  if (asks.max_tokens < 1) { res.statusCode = 400; return res.end('{"error":{"message":"max_tokens must be at least 1"}}'); }
  const answer = await (await fetch("http://127.0.0.1:8760/v1/completions", { method: "POST", body })).json();
  const [choice] = answer.choices;
  const { token_ids, ...rest } = choice.logprobs;
  const made = answer.usage.completion_tokens;
  choice.logprobs = rest;
  if (asks.return_token_ids) Object.assign(choice, { token_ids: token_ids.slice(token_ids.length - made), prompt_token_ids: asks.echo ? token_ids.slice(0, token_ids.length - made) : null });
  res.end(JSON.stringify(answer));
});
await http(9015, (req, res, body) => { res.statusCode = 202; res.end(req.method + " " + req.url + " " + body); });
console.log("up");
`;

/** The daemon's part, in a rootless lab whose host is this machine. Prints one JSON object. */
const LAB = String.raw`
import { chmodSync, mkdirSync, readlinkSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { randomBytes } from "node:crypto";
const [, , root, work, outsider] = process.argv;
const from = (path) => import(root + "node-agent/dist/" + path);
const { tinyGguf } = await import(root + "cli/dist/specimen/tiny-gguf.js");
const { createBwrapDriver } = await from("cell/bwrap-driver.js");
const { baseSpec } = await from("attempts/cell-spec.js");
const { connectSsh } = await from("ssh/connect-ssh.js");
const { newEphemeralKey } = await from("ssh/ephemeral-key.js");
const { createSnapshotter } = await from("observe/snapshotter.js");
const { createCellEyes } = await from("observe/cell-eyes.js");
const { askOnce } = await from("observe/probe/ask-once.js");
const { askCanaries, scoreTokens } = await from("identity/canaries.js");
const { calibrate, CALIBRATION_SLOT } = await from("identity/calibrate.js");
const { computeOf } = await from("identity/compute-of.js");
const { processTree } = await from("identity/serving-tree.js");
const { ownProcess } = await from("gpu/own-process.js");

const write = (path, options) => { writeFileSync(work + path, tinyGguf(options)); };
write("/specimen/weights/tiny.gguf", { seed: 1 });
write("/specimen/neighbours/requantised.gguf", { seed: 1, name: "tiny-q8", rounded: true });
write("/specimen/neighbours/it's another.gguf", { seed: 2 });
writeFileSync(work + "/specimen/neighbours/broken.gguf", "GGUF, but no weights");
const specimen = { ...JSON.parse(readFileSync(work + "/specimen/specimen.json", "utf8")), neighbours: ["neighbours/requantised.gguf", "neighbours/it's another.gguf"] };
const signal = AbortSignal.timeout(100000);
const order = { scenario: { shape: "local-copy" }, condition: {}, limits: { timeS: 60, settleS: 1, persistS: 1, scratchMiB: 32, memoryMiB: 4096, processes: 512, openFiles: 4096, copies: 8 } };
const cellsDir = work + "/cells";
mkdirSync(cellsDir); chmodSync(cellsDir, 0o711);
const driver = createBwrapDriver({ tools: (name) => name });
const snapshotter = createSnapshotter();
const eyes = createCellEyes({ snapshotter, nsenter: "nsenter", log: console });
const tools = { nsenter: "nsenter" };
const now = () => new Date();
const timed = async (work) => { const start = performance.now(); const result = await work(); return { result, ms: performance.now() - start }; };
const failure = (work) => work.then(() => "", (error) => (error.fault ?? "") + ": " + error.message);

const proofs = [];
const basis = { driver, eyes, tools, now, signal, order, specimen, specimenDir: work + "/specimen", cellsDir, onProof: (proof) => proofs.push(proof.clean) };
const calibrated = await timed(async () => (await calibrate(basis)).calibration);
const { calibration: alone } = await calibrate({ ...basis, specimen: { ...specimen, neighbours: [] } });
const broken = await failure(calibrate({ ...basis, specimen: { ...specimen, neighbours: ["neighbours/broken.gguf"] } }));
const left = { links: readFileSync("/proc/net/dev", "utf8").includes("rlc" + CALIBRATION_SLOT), files: existsSync(cellsDir + "/calibration-" + CALIBRATION_SLOT) };

const key = newEphemeralKey();
const base = baseSpec({ order, id: "identity", hostname: "origin", slot: 3, cellsDir, keys: [key.publicKeyLine], now: now() });
const at = "/opt/redline/try";
const cell = await driver.build({ ...base, readOnlyBinds: [...base.readOnlyBinds, { from: work + "/specimen", to: at + "/specimen" }, { from: work + "/servers.mjs", to: at + "/servers.mjs" }] }, signal);
const session = await connectSsh({ host: cell.address, port: cell.sshPort, username: "agent", privateKey: key.privateKey, hostKey: cell.hostKey, signal });
const weights = { 8760: "weights/tiny.gguf", 8761: "weights/tiny.gguf", 8762: "neighbours/requantised.gguf", 8763: "neighbours/it's another.gguf" };
const starts = Object.entries(weights).map(([port, file]) => "setsid node $REDLINE_MODEL_SERVER --weights \"" + at + "/specimen/" + file + "\" --port " + port + " >/dev/null 2>&1 </dev/null & echo " + port + " $! >>~/pids");
await session.exec("bash -s", { stdin: starts.join("\n") + "\nsetsid node " + at + "/servers.mjs >~/up 2>&1 </dev/null &\nuntil grep -q up ~/up; do sleep 0.05; done\nfor port in 8760 8761 8762 8763; do until (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.05; done; done" });

const serverAt = (port, more = {}) => ({ tools, netnsPid: cell.initPid, netns: cell.netns, port: { port, addresses: ["127.0.0.1"] }, signal, ...more });
const nonces = Array.from({ length: 8 }, () => randomBytes(12).toString("hex"));
const original = serverAt(8760);
const snapshot = await eyes.snapshot(cell, signal);
const ownersOf = (port) => snapshot.listeners.filter((l) => l.port === port).flatMap((l) => l.owners);
const processes = processTree(snapshot.processes, ownersOf(8760));
const before = await computeOf(processes, null);
const asked = await timed(() => askCanaries({ ...original, nonces }));
const after = await computeOf(processes, null);
const originals = asked.result;
const self = await timed(() => scoreTokens({ ...original, canaries: originals }));
const against = {};
for (const port of [8761, 8762, 8763]) {
  const canaries = await askCanaries({ ...serverAt(port), nonces });
  against[port] = { canaries, byOriginal: await scoreTokens({ ...original, canaries }), byCopy: await scoreTokens({ ...serverAt(port), canaries: originals }) };
}
const dialect = { canaries: await askCanaries({ ...serverAt(9014), nonces: nonces.slice(0, 2) }), scores: await scoreTokens({ ...serverAt(9014), canaries: originals.slice(0, 2) }) };

const hostile = {};
for (const port of [9001, 9002, 9003, 9004, 9005, 9006, 9007, 9008, 9009, 9010, 9011, 9012, 9013]) {
  const server = serverAt(port, { answerMs: 700 });
  const asks = await timed(() => askCanaries({ ...server, nonces: nonces.slice(0, 3) }));
  const scores = port === 9013 ? { result: [], ms: 0 } : await timed(() => scoreTokens({ ...server, canaries: originals.slice(0, 3) }));
  hostile[port] = { canaries: asks.result, scores: scores.result, ms: [asks.ms, scores.ms] };
}
const strangers = await scoreTokens({ ...original, canaries: [{ ...originals[0], tokens: [9999999, 5], logprobs: [-1, -1] }, originals[1]] });
const second = await askCanaries({ ...serverAt(8760), port: { port: 8760, addresses: ["127.0.0.77", "127.0.0.1"] }, nonces: nonces.slice(0, 1) });

const pids = Object.fromEntries((await session.exec("cat ~/pids")).stdout.trim().split("\n").map((line) => line.split(" ")));
const once = { answered: await askOnce({ ...original, kind: "completion", nonce: "abc", timeoutMs: 5000 }) };
await session.exec("kill -STOP " + pids[8760]);
once.stopped = await timed(() => askOnce({ ...original, kind: "completion", nonce: "abc", timeoutMs: 600 }));
once.stoppedHealth = await askOnce({ ...original, kind: "health", timeoutMs: 300 });
await session.exec("kill -CONT " + pids[8760]);
once.again = await askOnce({ ...original, kind: "completion", nonce: "abc", timeoutMs: 5000 });
once.health = await askOnce({ ...original, kind: "health", timeoutMs: 5000 });
once.noAgent = await askOnce({ ...original, kind: "chat", nonce: "abc", timeoutMs: 5000 });
once.post = await askOnce({ ...serverAt(9015), kind: "post", path: "/task", json: { task: "x" }, timeoutMs: 5000 });
once.state = await askOnce({ ...serverAt(9015), kind: "health", path: "/task", timeoutMs: 5000 });
once.second = await askOnce({ ...serverAt(9015), port: { port: 9015, addresses: ["127.0.0.77", "127.0.0.1"] }, kind: "health", timeoutMs: 5000 });
const lost = [await failure(askCanaries({ ...original, netns: "1", nonces })), await failure(askOnce({ ...original, netns: "1", kind: "health", timeoutMs: 500 })), await failure(scoreTokens({ ...original, tools: { nsenter: "/nonexistent" }, canaries: originals }))];

/* The lab has its own PID namespace; the outer one's /proc is at /run/hostproc, as a GPU driver counts. */
const outer = Number(readlinkSync("/run/hostproc/self"));
const modelOuter = readFileSync("/run/hostproc/" + outer + "/status", "utf8");
const mapped = { own: await ownProcess(outer, "/run/hostproc"), self: process.pid, differs: outer !== process.pid, outsider: await ownProcess(Number(outsider), "/run/hostproc"), plain: (await ownProcess(process.pid, "/proc"))?.pid };

await session.close();
const proof = await cell.destroy();
await snapshotter[Symbol.asyncDispose]();
console.log(JSON.stringify({ calibration: calibrated.result, calibrationMs: calibrated.ms, alone, broken, proofs, left, originals, self: self.result, askMs: asked.ms, scoreMs: self.ms, before, after, processes: processes.length, against, dialect, hostile, strangers, second, once, lost, mapped, clean: proof.clean }));
process.exit(0);
`;

const canaries = z.array(canarySchema);
const scores = z.array(canaryScoreSchema);
const judged = z.object({ canaries, byOriginal: scores, byCopy: scores });
const outputSchema = z.object({
  calibration: calibrationSchema,
  calibrationMs: z.number(),
  alone: calibrationSchema,
  broken: z.string(),
  proofs: z.array(z.boolean()),
  left: z.object({ links: z.boolean(), files: z.boolean() }),
  originals: canaries,
  self: scores,
  askMs: z.number(),
  scoreMs: z.number(),
  before: computeSchema,
  after: computeSchema,
  processes: z.number(),
  against: z.object({ 8761: judged, 8762: judged, 8763: judged }),
  dialect: z.object({ canaries, scores }),
  hostile: z.record(z.string(), z.object({ canaries, scores, ms: z.array(z.number()) })),
  strangers: scores,
  second: canaries,
  once: z.object({
    answered: probeSchema,
    stopped: z.object({ result: probeSchema, ms: z.number() }),
    stoppedHealth: probeSchema,
    again: probeSchema,
    health: probeSchema,
    noAgent: probeSchema,
    post: probeSchema,
    state: probeSchema,
    second: probeSchema,
  }),
  lost: z.array(z.string()),
  mapped: z.object({
    own: z.object({ pid: z.number(), startTick: z.number(), cgroup: z.string() }).nullable(),
    self: z.number(),
    differs: z.boolean(),
    outsider: z.null(),
    plain: z.number(),
  }),
  clean: z.boolean(),
});
type Output = z.infer<typeof outputSchema>;

/** The lab as `redline lab` makes it, with the outer /proc kept in sight. */
const INSIDE =
  'mount -t tmpfs tmpfs /run && mkdir /run/netns /run/hostproc && mount --rbind /proc /run/hostproc && mount -t proc proc /proc && ip link set lo up && "$@"; exit $?';

/** Deviation of each canary, nats a token; NaN where it has none. */
function deviations(of: z.infer<typeof canaries>, by: z.infer<typeof scores>): number[] {
  return of.map((canary, i) => {
    const scored = by[i]?.logprobs ?? [];
    const distances = canary.logprobs.map((logprob, t) => Math.abs(logprob - (scored[t] ?? Number.NaN)));
    return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
  });
}

describe("identity of a model by its behaviour", () => {
  let folder: string;
  let output: Output;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redline-identity-"));
    await chmod(folder, 0o755);
    await cp(join(ROOT, "studies/specimens/tiny"), join(folder, "specimen"), {
      recursive: true,
      filter: (path) => !path.endsWith(".gguf"),
    });
    for (const name of ["weights", "neighbours"])
      await mkdir(join(folder, "specimen", name), { recursive: true });
    await writeFile(join(folder, "servers.mjs"), SERVERS);
    await writeFile(join(folder, "lab.mjs"), LAB);
    const script = [process.execPath, join(folder, "lab.mjs"), ROOT, folder, String(process.pid)];
    const lab = spawn(
      "unshare",
      ["-Urmn", "--pid", "--fork", "--kill-child", "bash", "-c", INSIDE, "lab", ...script],
      { stdio: ["ignore", "pipe", "pipe"], timeout: 280_000, killSignal: "SIGKILL" },
    );
    const [said, complained] = await Promise.all([text(lab.stdout), text(lab.stderr)]);
    expect(complained).toBe("");
    output = outputSchema.parse(JSON.parse(said));
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives answers with as many log-probabilities as tokens, to each nonce", () => {
    expect(output.originals).toHaveLength(8);
    for (const canary of output.originals)
      expect([canary.error, canary.tokens.length, canary.logprobs.length]).toEqual(["", 16, 16]);
    expect(new Set(output.originals.map((c) => c.tokens.join())).size).toBe(8);
  });

  it("finds the same weights within the tolerance of the original against itself", () => {
    const self = deviations(output.originals, output.self);
    expect(Math.max(...self)).toBeLessThan(0.002);
    const same = output.against[8761];
    expect(same.canaries.map((c) => c.tokens)).toEqual(output.originals.map((c) => c.tokens));
    expect(Math.max(...deviations(same.canaries, same.byOriginal))).toBeLessThan(0.002);
    expect(Math.max(...deviations(output.originals, same.byCopy))).toBeLessThan(0.002);
  });

  it.each([
    ["rounded weights", 8762, 0.02],
    ["other weights", 8763, 1],
  ] as const)("finds %s apart, whichever of the two chooses", (_name, port, least) => {
    const other = output.against[port];
    expect(Math.min(...deviations(other.canaries, other.byOriginal))).toBeGreaterThan(least);
    expect(Math.min(...deviations(output.originals, other.byCopy))).toBeGreaterThan(least);
  });

  it("speaks vLLM's dialect: ids beside the choice, no prompt without an answer", () => {
    const two = output.originals.slice(0, 2);
    expect(output.dialect.canaries.map((c) => c.tokens)).toEqual(two.map((c) => c.tokens));
    expect(Math.max(...deviations(two, output.dialect.scores))).toBeLessThan(0.002);
  });

  const NOT_ASKED = "not asked: the question before it had no answer";
  it.each([
    [9001, "that hangs", "no complete answer within 700 ms"],
    [9002, "that sends 100 MB", "answer of more than 65536 bytes"],
    [9003, "that sends elsewhere", "HTTP status 307"],
    [9004, "that speaks TLS", "socket hang up"],
    [9005, "that speaks no HTTP", "Parse Error"],
    [9006, "with more ids than log-probabilities", "3 token ids with 2 log-probabilities"],
    [9007, "with NaN", "not a completion: "],
    [9008, "with log-probabilities that are none", "a log-probability that is none"],
    [9009, "with negative ids", "a token id that is none"],
    [9010, "with more tokens than asked for", "40 tokens, where 16 were asked for"],
    [9012, "that drips", "no complete answer within 700 ms"],
  ] as const)("%i: gives the right word to a server %s, and asks no more", (port, _name, error) => {
    const [first, ...rest] = output.hostile[port]?.canaries ?? [];
    expect(first?.error).toContain(error);
    expect(first).toMatchObject({ tokens: [], logprobs: [], text: "" });
    expect(rest.map((c) => c.error)).toEqual([NOT_ASKED, NOT_ASKED]);
    const scored = output.hostile[port]?.scores ?? [];
    expect(scored).toHaveLength(3);
    for (const score of scored) expect([score.logprobs, score.error === ""]).toEqual([[], false]);
    // 700 ms a request, a child's start: far below the 30 s of a real question.
    for (const ms of output.hostile[port]?.ms ?? []) expect(ms).toBeLessThan(25_000);
  });

  it("keeps what was answered before a server fell silent", () => {
    const answers = output.hostile[9013]?.canaries ?? [];
    expect(answers.map((c) => c.error)).toEqual(["", "no complete answer within 700 ms", NOT_ASKED]);
    expect(answers[0]).toMatchObject({ tokens: [5, 6], logprobs: [-1, -2] });
  });

  it("takes a server that gives text alone, and says that it cannot score", () => {
    const { canaries: texts, scores: none } = output.hostile[9011] ?? { canaries: [], scores: [] };
    expect(texts.map((c) => [c.text, c.tokens, c.error])).toEqual(Array(3).fill(["words alone", [], ""]));
    expect(none.map((s) => s.error)).toEqual(
      Array(3).fill("the server gives no log-probabilities of a prompt"),
    );
  });

  it("scores on after tokens that are not in the server's vocabulary", () => {
    expect(output.strangers[0]).toMatchObject({ logprobs: [], error: "HTTP status 500" });
    expect(output.strangers[1]).toMatchObject({ error: "" });
  });

  it("asks at the first address that speaks HTTP", () => {
    expect(output.second.map((c) => c.error)).toEqual([""]);
    expect(output.once.second).toMatchObject({ status: 202, error: "" });
  });

  it("puts one question with a time limit of its own, also to a server that is stopped", () => {
    const { answered, stopped, stoppedHealth, again, health, noAgent, post, state } = output.once;
    expect(answered).toMatchObject({ kind: "completion", port: 8760, nonce: "abc", status: 200, error: "" });
    expect(stopped.result).toMatchObject({
      status: 0,
      answer: "",
    });
    expect(stopped.result.error).toMatch(/^no complete answer within \d+ ms$/);
    expect(stopped.ms).toBeLessThan(25_000);
    expect(stoppedHealth).toMatchObject({
      kind: "health",
      status: 0,
    });
    expect(stoppedHealth.error).toMatch(/^no complete answer within \d+ ms$/);
    expect(again.answer).toBe(answered.answer);
    expect(health).toMatchObject({ status: 200, answer: '{"status":"ok","model":"model"}' });
    expect(noAgent).toMatchObject({ kind: "chat", status: 404 });
    expect(post).toMatchObject({ status: 202, answer: 'POST /task {"task":"x"}', error: "" });
    expect(state).toMatchObject({ status: 202, answer: "GET /task ", error: "" });
  });

  it("throws where the instrument itself could not ask", () => {
    expect(output.lost.map((why) => why.slice(0, 40))).toEqual([
      ": the cell's network namespace is gone",
      ": the cell's network namespace is gone",
      ": /nonexistent: spawn /setpriv ENOENT",
    ]);
  });

  it("measures what the answers cost, from outside", () => {
    const { before, after } = output;
    expect(output.processes).toBe(1);
    expect([before.processes, after.processes, after.gpuMiB]).toEqual([1, 1, null]);
    expect(after.cpuMs).toBeGreaterThan(before.cpuMs);
    // More than the weights' own size: the whole process.
    expect(after.residentBytes).toBeGreaterThan(10_000_000);
  });

  it("calibrates in a cell of its own that leaves nothing", () => {
    const { calibration, alone } = output;
    expect(calibration.self).toHaveLength(8);
    expect(Math.max(...calibration.self)).toBeLessThan(0.002);
    const [rounded, other] = calibration.neighbours;
    expect(calibration.neighbours.map((n) => n.name)).toEqual([
      "neighbours/requantised.gguf",
      "neighbours/it's another.gguf",
    ]);
    expect([rounded?.deviations.length, other?.deviations.length]).toEqual([8, 8]);
    expect(Math.min(...(rounded?.deviations ?? [0]))).toBeGreaterThan(0.02);
    expect(Math.min(...(other?.deviations ?? [0]))).toBeGreaterThan(1);
    expect(calibration.cpuMsPerCanary).toBeGreaterThan(0);
    expect(alone).toMatchObject({ neighbours: [] });
    expect(alone.self).toHaveLength(8);
    expect(output.proofs).toEqual([true, true, true]);
    expect(output.left).toEqual({ links: false, files: false });
    expect(output.clean).toBe(true);
  });

  it("names the neighbour whose server does not start, and leaves nothing of that either", () => {
    expect(output.broken).toContain(
      "specimen-failed: the model server of neighbours/broken.gguf: the server ended",
    );
    expect(output.broken).toContain("cannot load weights");
  });

  it("finds the process that the host calls by another number, and no process of others", () => {
    const { mapped } = output;
    expect(mapped.differs).toBe(true);
    expect(mapped.own?.pid).toBe(mapped.self);
    expect(mapped.plain).toBe(mapped.self);
  });
});
