import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { chatQuestion, completionQuestion, judgeAnswers, probeSchema, type Probe } from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

/** In the cell: an honest copy (8760 and 8001) and servers that an agent may put there instead. */
const SERVERS = `
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
const json = (res, status, value) => { res.statusCode = status; res.end(JSON.stringify(value)); };
const words = (prompt) => createHash("sha256").update(prompt).digest("hex").slice(0, 16);
const bodyOf = async (req) => { let text = ""; for await (const part of req) text += part; return text === "" ? {} : JSON.parse(text); };
const others = () => readdirSync("/proc").filter((n) => /^\\d+$/.test(n)).map((n) => readFileSync("/proc/" + n + "/cmdline", "utf8")).filter((c) => c.includes("prober-child"));
let leaked = 0;
const serve = (port, handle, host = "127.0.0.1") => new Promise((resolve) => createServer(async (req, res) => { leaked += others().length; handle(req.method + " " + req.url, await bodyOf(req), res); }).listen(port, host, resolve));
await serve(8760, (what, body, res) => {
  if (what === "GET /health") return json(res, 200, { status: "ok", leaked });
  if (what === "GET /v1/models") return json(res, 200, { data: [{ id: "tiny" }] });
  if (what === "POST /v1/completions" && body.max_tokens === 16 && body.temperature === 0) return json(res, 200, { model: "tiny", choices: [{ text: words(body.prompt) }] });
  return json(res, 404, {});
}, "0.0.0.0");
await serve(8001, (what, body, res) => {
  if (what === "GET /health") return json(res, 200, { status: "ok" });
  if (what === "POST /chat") return json(res, 200, { reply: words(body.message), model: "tiny" });
  return json(res, 404, {});
});
await serve(8100, (what, body, res) => what === "POST /v1/chat/completions" ? json(res, 200, { choices: [{ message: { content: words(body.messages[0].content) } }] }) : json(res, 404, {}), "::");
await serve(8200, (what, body, res) => json(res, 200, { status: "ok", reply: "I am alive", choices: [{ text: "I am alive" }] }));
await serve(8300, (what, body, res) => json(res, 200, { reply: "You said: " + body.message, choices: [{ text: body.prompt }] }));
await serve(8400, () => undefined);
await serve(8500, (what, body, res) => {
  if (what === "GET /health") return res.end(Buffer.from([0xff, 0xfe, 0x1b, 0x5b, 0x32, 0x4a, 0x00, 0xc3]));
  if (what === "GET /v1/models") return json(res, 200, { data: [{ id: "m".repeat(5000) }] });
  if (what === "POST /v1/completions") return res.end('{"choices":[{"text":"\\ud800 \\u202e' + "x".repeat(4000) + '"}]}');
  res.end("y".repeat(200_000));
});
await serve(8600, (what, body, res) => { res.statusCode = 302; res.setHeader("location", "http://127.0.0.1:8001" + what.split(" ")[1]); res.end(); });
await new Promise((resolve) => createTcpServer((s) => { s.on("error", () => {}); s.write("SSH-2.0-hello\\r\\n"); }).listen(8700, "127.0.0.1", resolve));
console.log("up");
`;

/** The daemon's part, as root of a user namespace: the cell has a user namespace of its own below it, as under bubblewrap. */
const LAB = `
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
const [, , dist, servers, nsenter] = process.argv;
const { createSnapshotter } = await import(dist + "/observe/snapshotter.js");
const { candidatePorts } = await import(dist + "/observe/candidate-ports.js");
const { probePorts } = await import(dist + "/observe/probe/probe-ports.js");
const options = ["-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"];
const cell = spawn("unshare", [...options, "ip link set lo up; read go; exec " + process.execPath + " " + servers], { stdio: ["pipe", "pipe", "inherit"] });
const initOf = () => Number(readFileSync("/proc/" + cell.pid + "/task/" + cell.pid + "/children", "utf8").trim());
let initPid = 0;
while (initPid === 0) { await new Promise((r) => setTimeout(r, 10)); initPid = initOf(); }
await new Promise((r) => setTimeout(r, 150));
const ns = (kind) => readlinkSync("/proc/" + initPid + "/ns/" + kind).slice(5, -1);
const scope = { initPid, netns: ns("net"), pidns: ns("pid") };
{
  const snapshotter = createSnapshotter();
  const look = async () => { const s = await snapshotter.snapshot(scope); if (!s.ok) throw new Error(s.why); return s.snapshot; };
  const baseline = await look();
  // The init of the baseline becomes the servers by exec: the same process, so nothing of it would be new.
  cell.stdin.write("go\\n");
  await new Promise((resolve) => cell.stdout.once("data", resolve));
  const after = await look();
  const candidates = candidatePorts({ ...baseline, processes: [], listeners: [] }, after);
  const sameProcess = candidatePorts(baseline, after);
  const nonce = () => randomBytes(12).toString("hex");
  const limits = { requestMs: 400, answerMs: 400, totalMs: 5000 };
  const ask = (only, more = {}) => probePorts({ tools: { nsenter }, netnsPid: initPid, netns: scope.netns, candidates: candidates.filter((c) => only.includes(c.port)), nonce, limits, ...more });
  const visitors = [];
  let asking = true;
  const watching = (async () => { while (asking) visitors.push(...(await look()).processes.filter((p) => p.pidns !== scope.pidns).map((p) => p.exe)); })();
  const honest = await ask([8760, 8001]);
  const all = await ask(candidates.map((c) => c.port));
  asking = false;
  await watching;
  const short = await ask([8400, 8001], { limits: { requestMs: 60000, answerMs: 60000, totalMs: 3000 } });
  const gone = await ask([8001], { netns: "1" });
  const absent = await ask([8001], { tools: { nsenter: "/nonexistent/nsenter" } });
  const aborted = await ask([8400], { signal: AbortSignal.timeout(200) });
  console.log(JSON.stringify({ candidates, sameProcess, honest, all, short, gone, absent, aborted, visitors }));
  await snapshotter[Symbol.asyncDispose]();
}
cell.kill("SIGKILL");
process.exit(0);
`;

const result = z.object({ ok: z.literal(true), probes: z.array(probeSchema), tookMs: z.number() });
const failure = z.object({ ok: z.literal(false), why: z.string() });
const outputSchema = z.object({
  candidates: z.array(z.object({ port: z.number(), addresses: z.array(z.string()) })),
  sameProcess: z.array(z.unknown()),
  honest: result,
  all: result,
  short: result,
  gone: failure,
  absent: failure,
  aborted: failure,
  visitors: z.array(z.string()),
});

describe("probing a cell from inside its network", () => {
  let folder: string;
  let output: z.infer<typeof outputSchema>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redline-probe-"));
    await chmod(folder, 0o755);
    await writeFile(join(folder, "servers.mjs"), SERVERS);
    await writeFile(join(folder, "lab.mjs"), LAB);
    const dist = new URL("../../../node-agent/dist", import.meta.url).pathname;
    const lab = spawn(
      "unshare",
      [
        "-Urmn",
        "--pid",
        "--fork",
        "--mount-proc",
        "--kill-child",
        process.execPath,
        join(folder, "lab.mjs"),
        dist,
        join(folder, "servers.mjs"),
        "nsenter",
      ],
      { stdio: ["ignore", "pipe", "inherit"], timeout: 230_000, killSignal: "SIGKILL" },
    );
    output = outputSchema.parse(JSON.parse(await text(lab.stdout)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const of = (kind: Probe["kind"], port: number, from = output.all) =>
    from.probes.filter((p) => p.kind === kind && p.port === port);

  it("finds each new port once, with addresses that can be reached", () => {
    expect(output.candidates.map((c) => c.port)).toEqual([
      8001, 8100, 8200, 8300, 8400, 8500, 8600, 8700, 8760,
    ]);
    expect(output.candidates.find((c) => c.port === 8760)?.addresses).toEqual(["127.0.0.1"]);
    expect(output.candidates.find((c) => c.port === 8100)?.addresses).toEqual(["127.0.0.1", "::1"]);
  });

  it("counts no port of a process that was there before", () => {
    expect(output.sameProcess).toEqual([]);
  });

  it("gets good answers of an honest copy, and asks no more than it must", () => {
    const { honest } = output;
    expect(judgeAnswers(of("completion", 8760, honest), completionQuestion)).toEqual({ ok: true });
    expect(judgeAnswers(of("chat", 8001, honest), chatQuestion)).toEqual({ ok: true });
    expect(of("models", 8760, honest)).toMatchObject([{ status: 200, model: "tiny" }]);
    const nonces = honest.probes.map((p) => p.nonce).filter((nonce) => nonce !== "");
    // One question is put a second time, on purpose.
    expect(new Set(nonces).size).toBe(nonces.length - 1);
    // The other kind of each port is asked once, and its refusal kept.
    expect(of("chat", 8760, honest)).toMatchObject([{ status: 404 }]);
    expect(of("completion", 8001, honest)).toMatchObject([{ status: 404 }]);
    expect(honest.probes).toHaveLength(2 + 2 + 5 + 4);
  });

  it("falls back to the chat form of the completion API", () => {
    expect(judgeAnswers(of("completion", 8100), completionQuestion)).toEqual({ ok: true });
  });

  it("brings back what tells a dummy and an echo", () => {
    expect(judgeAnswers(of("chat", 8200), chatQuestion)).toEqual({
      ok: false,
      why: "the same text for every nonce: a canned answer",
    });
    expect(judgeAnswers(of("chat", 8300), chatQuestion)).toEqual({
      ok: false,
      why: "the question came back: an echo",
    });
    expect(judgeAnswers(of("completion", 8300), completionQuestion)).toEqual({
      ok: false,
      why: "the question came back: an echo",
    });
  });

  it("ends a silent server's questions by the time limit, with the reason in the probe", () => {
    expect(of("health", 8400)).toMatchObject([{ status: 0, error: "no complete answer within 400 ms" }]);
    expect(of("chat", 8400)).toHaveLength(1);
  });

  it("bounds and repairs hostile bytes, and keeps them as data", () => {
    const [health] = of("health", 8500);
    expect(health?.answer).toBe("\ufffd\ufffd\u001b[2J\0\ufffd");
    expect(of("models", 8500)[0]?.model).toHaveLength(200);
    const [completion] = of("completion", 8500);
    expect(completion?.answer).toHaveLength(2048);
    expect(completion?.answer.startsWith("\ufffd \u202ex")).toBe(true);
    expect(of("chat", 8500)).toMatchObject([{ error: "answer of more than 65536 bytes" }]);
  });

  it("follows no redirect and survives what is not HTTP", () => {
    expect(of("chat", 8600)).toMatchObject([{ status: 302 }]);
    expect(of("chat", 8700)).toMatchObject([{ status: 0 }]);
    expect(of("chat", 8700)[0]?.error).not.toBe("");
  });

  it("cuts everything at the total time and keeps what was answered", () => {
    const { short } = output;
    expect(judgeAnswers(of("chat", 8001, short), chatQuestion)).toEqual({ ok: true });
    expect(of("health", 8400, short)).toMatchObject([
      { status: 0, error: "the time for all questions is up" },
    ]);
  });

  it("says that it could not ask, when the network is gone, the tool is missing, or it was called off", () => {
    expect(output.gone.why).toBe("the cell's network namespace is gone");
    expect(output.absent.why).toContain("ENOENT");
    expect(output.aborted.why).toContain("prober ended");
  });

  it("is seen neither by the cell nor by a snapshot of the cell", () => {
    expect(JSON.parse(of("health", 8760)[0]?.answer ?? "")).toEqual({ status: "ok", leaked: 0 });
    expect(output.visitors).toEqual([]);
  });
});
