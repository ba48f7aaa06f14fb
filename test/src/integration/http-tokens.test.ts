import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newHttpToken } from "@redline/daemon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { redline } from "../kit/redline.ts";
import { startNats, type TestNats } from "../kit/nats.ts";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { until } from "../kit/until.ts";
import { studyOf } from "../kit/coordinator-bench.ts";

const [ann, bob] = [newHttpToken(), newHttpToken()];
let dir = "";
let tokensFile = "";
let nats: TestNats;
let coordinator: CoordinatorProcess;
let port = 0;

const write = (lines: readonly string[]) => writeFile(tokensFile, `${lines.join("\n")}\n`);
const both = () => write([`operator ann ${ann.sha256}`, `reader bob ${bob.sha256}`]);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-http-tokens-"));
  tokensFile = join(dir, "http-tokens");
  await both();
  nats = await startNats();
  coordinator = await CoordinatorProcess.create({
    ...{ REDLINE_NATS_URLS: nats.url, REDLINE_NODES: "n1", REDLINE_LOG_LEVEL: "info" },
    ...{ REDLINE_HTTP_LISTEN: "127.0.0.1:0", REDLINE_HTTP_TOKENS_FILE: tokensFile },
  });
  await coordinator.start();
  port = Number(/"ports":\[(\d+)\]/.exec(coordinator.said)?.[1] ?? 0);
  expect(port).toBeGreaterThan(0);
});
afterAll(async () => {
  await coordinator[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

interface Given {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function call(method: string, path: string, { token, headers = {}, body }: Given = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const all = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    };
    const sent = request({ host: "127.0.0.1", port, method, path, headers: all }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const run = (...args: string[]) => redline(args, dir).ended;
const WHY = { who: "somebody", why: "a test" };

it("lets health and metrics be read on loopback without a token, and nothing else", async () => {
  for (const path of ["/healthz", "/readyz", "/metrics"]) expect((await call("GET", path)).status).toBe(200);
  for (const path of ["/api/nodes", "/api/journal", "/nothing"]) {
    const { status, text } = await call("GET", path);
    expect(status).toBe(401);
    expect(text).toContain("--token-file");
  }
  expect((await call("POST", "/api/stop", { body: WHY })).status).toBe(401);
  expect((await call("POST", "/healthz", { body: WHY })).status).toBe(401);
});

it("lets a reader read and change nothing, and an operator do both", async () => {
  for (const { token } of [ann, bob]) expect((await call("GET", "/api/nodes", { token })).status).toBe(200);
  const study = studyOf({ trials: 1 });
  const changes: readonly [string, unknown][] = [
    ["/api/studies", study],
    ["/api/stop", WHY],
    ["/api/studies/x-1/cancel", WHY],
    ["/api/trials/x-1-001/cancel", WHY],
    ["/api/nodes/n1/clear", { ...WHY, force: true }],
    ["/api/nodes/n1/self-test", WHY],
  ];
  for (const [path, body] of changes) {
    const { status, text } = await call("POST", path, { token: bob.token, body });
    expect([path, status]).toEqual([path, 403]);
    expect(text).toContain("may only read");
  }
  expect((await coordinator.journal()).state.studies.size).toBe(0);
  expect((await call("POST", "/api/studies", { token: ann.token, body: study })).status).toBe(201);
});

it("records whose token it was, whatever name the body gives", async () => {
  const [study] = [...(await coordinator.journal()).state.studies.keys()];
  const change = (what: string, who: string) =>
    call("POST", `/api/studies/${study ?? ""}/${what}`, { token: ann.token, body: { who, why: "a test" } });
  expect((await change("pause", "eve")).status).toBe(200);
  expect((await change("resume", "ann")).status).toBe(200);
  expect((await change("pause", "policy")).status).toBe(200);
  const { records } = await coordinator.journal();
  const whos = records.flatMap(({ body }) =>
    body.kind === "study-paused" || body.kind === "study-resumed" ? body.who : [],
  );
  expect(whos).toEqual(["ann (eve)", "ann", "ann (policy)"]);
  const submitted = records.flatMap(({ body }) => (body.kind === "study-submitted" ? body.by : []));
  expect(submitted).toEqual(["ann"]);
});

it.each([
  ["no such token", newHttpToken().token],
  ["the digest in place of the token", ann.sha256],
  ["a token that goes on", `${ann.token}A`],
  ["a token cut off", ann.token.slice(0, -1)],
])("refuses %s", async (_, token) => {
  expect((await call("GET", "/api/nodes", { token })).status).toBe(401);
});

it("refuses another scheme than Bearer", async () => {
  const basic = Buffer.from(`ann:${ann.token}`).toString("base64");
  expect((await call("GET", "/api/nodes", { headers: { authorization: `Basic ${basic}` } })).status).toBe(
    401,
  );
});

it.each([
  ["another page's origin", { origin: "http://evil.example" }],
  ["its own origin", { origin: "http://127.0.0.1:8770" }],
  ["a browser's mark", { "sec-fetch-site": "cross-site" }],
  ["a name that was pointed here", { host: "evil.example" }],
])("refuses what a web page could make a browser send: %s", async (_, headers) => {
  expect((await call("GET", "/metrics", { headers })).status).toBe(403);
  expect((await call("POST", "/api/stop", { token: ann.token, headers, body: WHY })).status).toBe(403);
});

it("takes tokens away and back without a restart, and lets nobody in while their file cannot be read", async () => {
  await write([`reader bob ${bob.sha256}`]);
  expect((await call("GET", "/api/nodes", { token: ann.token })).status).toBe(401);
  expect((await call("GET", "/api/nodes", { token: bob.token })).status).toBe(200);
  await write(["nonsense"]);
  expect((await call("GET", "/api/nodes", { token: bob.token })).status).toBe(503);
  // The socket is not concerned.
  expect((await coordinator.get("/api/nodes")).status).toBe(200);
  await both();
  expect((await call("GET", "/api/nodes", { token: ann.token })).status).toBe(200);
});

it("is used by the command line: with the file's token, and with a word on what to do without one", async () => {
  const url = `http://127.0.0.1:${port}`;
  const own = join(dir, "ann.token");
  await writeFile(own, `${ann.token}\n`, { mode: 0o600 });
  expect((await run("node", "list", "--url", url, "--token-file", own)).code).toBe(0);
  const without = await run("node", "list", "--url", url);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("--token-file FILE or REDLINE_TOKEN_FILE");
  await writeFile(own, `${bob.token}\n`, { mode: 0o600 });
  const reader = await run("stop", "--all", "--url", url, "--token-file", own);
  expect(reader.code).not.toBe(0);
  expect(reader.stderr).toContain("may only read");
});

it("does not start with a listener on TCP and no tokens, or with tokens that cannot be used", async () => {
  const bad = join(dir, "bad");
  await writeFile(bad, "operator ann nothex\n");
  for (const [file, why] of [
    [{}, "redline token add NAME --role operator"],
    [{ REDLINE_HTTP_TOKENS_FILE: bad }, "line 1"],
  ] as const) {
    await using wrong = await CoordinatorProcess.create({
      ...{ REDLINE_NATS_URLS: nats.url, REDLINE_NODES: "n1", REDLINE_HTTP_LISTEN: "127.0.0.1:0", ...file },
    });
    const child = wrong.launch();
    await until("it ends", () => child.exitCode !== null);
    expect([child.exitCode, wrong.said]).toEqual([2, expect.stringContaining(why)]);
  }
});
