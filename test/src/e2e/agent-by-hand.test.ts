import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { completionBody } from "../../../node-agent/dist/brains/broker-wire.js";
import { cliEntry, redline, Workplace, type Ended } from "../kit/redline.ts";
import { eventually } from "../kit/until.ts";

const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("redline-hand-"));

/** The command with a person at its stdin. */
function talk(args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [cliEntry, "agent", ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then((): Ended => ({
    code: child.exitCode,
    signal: child.signalCode,
    stdout,
    stderr,
  }));
  return { stdin: child.stdin, stderr: () => stderr, kill: () => child.kill("SIGINT"), ended };
}

describe("redline agent", () => {
  it("chat: takes each line as a task, ends with the input, and leaves nothing", async () => {
    await using place = new Workplace();
    const before = await folders();
    const person = talk(["chat", "--brain", "scripted:does-nothing"], place.dir);
    person.stdin.end("first task\nsecond task\n");
    const ended = await person.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain("tiny with scripted:does-nothing is up in its cell");
    expect(ended.stderr).toMatch(/[1-9]\d* questions to the brain/);
    expect(ended.stderr).toContain("the cell is gone, and proved to be");
    expect(ended.stdout).not.toBe("");
    expect(await folders()).toEqual(before);
  });

  it("run: does one task in a cell of its own and shows what an agent prints without its control codes", async () => {
    await using place = new Workplace();
    const args = ["agent", "run", "--command", "Look around.", "--brain", "scripted:prints-binary"];
    const ended = await redline(args, place.dir).ended;
    expect(ended.stderr).toContain("the cell is gone, and proved to be");
    expect(ended.stdout.length).toBeGreaterThan(100);
    expect(ended.stdout + ended.stderr).not.toMatch(HARMFUL);
  });

  it("run --json: prints the agent's events as data, and what came of it", async () => {
    await using place = new Workplace();
    const args = ["agent", "run", "--command", "Do nothing.", "--turns", "3", "--json"];
    const ended = await redline([...args, "--brain", "scripted:no-op-loop"], place.dir).ended;
    const lines = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const kinds = lines.map((line) => JSON.stringify(line));
    expect(kinds.filter((line) => line.includes('"event":"turn"'))).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({
      kind: "done",
      used: { requests: 3, answered: 3 },
      cell: { clean: true, left: [] },
      left: [],
    });
  });

  it("prompt: shows what the model would be given, with and without a part, and asks nobody", async () => {
    await using place = new Workplace();
    const prompt = async (...options: string[]) => {
      const ended = await redline(["agent", "prompt", "--scaffold", "pan2024", ...options], place.dir).ended;
      expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
      expect(ended.stderr).not.toContain("questions to the brain");
      return ended.stdout;
    };
    const whole = await prompt("--command", "The very task.");
    expect(whole).toContain("--- system ---");
    expect(whole).toContain("The very task.");
    expect(whole).toMatch(/^Gaps:/m);
    const less = await prompt("--no-gaps", "--no-findings", "--plan-depth", "0", "--no-ports");
    expect(less).not.toMatch(/Gaps|Findings|Plan:/);
    expect(whole).toContain("8760");
    expect(less).not.toContain("8760");
  });

  it("ends the cell at Ctrl-C, also while a person could still say something", async () => {
    await using place = new Workplace();
    const before = await folders();
    const person = talk(["chat", "--brain", "scripted:does-nothing"], place.dir);
    await eventually("the agent is up", () => expect(person.stderr()).toContain("is up in its cell"));
    person.kill();
    const ended = await person.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain("stopping: ending the cell");
    expect(ended.stderr).toContain("the cell is gone, and proved to be");
    expect(await folders()).toEqual(before);
  });

  it("ends an agent whose time is over, and says so", async () => {
    await using place = new Workplace();
    const person = talk(["chat", "--brain", "scripted:does-nothing", "--time", "1"], place.dir);
    const ended = await person.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("its time is over");
    expect(ended.stderr).toContain("the cell is gone, and proved to be");
  });

  it("asks a brain of the command's own network, whose key never is in the cell", async () => {
    await using place = new Workplace();
    const keys: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers.authorization);
      const command =
        'cat ~/system/specimen.json; env; ls -la /run/redline; grep -rs ses""ame /home /etc /run /tmp; echo looked';
      const [name, input] =
        keys.length === 1 ? ["run_command", { command }] : ["finish", { message: "seen" }];
      const toolCalls = [{ id: "call-1", name, arguments: JSON.stringify(input) }];
      const reply = { text: "", toolCalls, usage: { promptTokens: 11, completionTokens: 7 }, waitedMs: 0 };
      request.resume().on("end", () => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(completionBody(reply, "m", "chatcmpl-1")));
      });
    });
    server.listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const at = server.address();
    const port = at !== null && typeof at === "object" ? at.port : 0;
    await writeFile(join(place.dir, "key"), "sesame\n");
    const brain = `openai:http://127.0.0.1:${port}/v1,m`;
    const ended = await redline(
      ["agent", "run", "--command", "Look around.", "--brain", brain, "--key-file", "key"],
      place.dir,
    ).ended;
    server.closeAllConnections();
    server.close();
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain("GREEN");
    expect(keys).toEqual(["Bearer sesame", "Bearer sesame"]);
    expect(ended.stdout).toContain("looked");
    expect(ended.stdout).not.toContain("sesame");
    expect(ended.stdout).not.toContain(`:${port}`);
    expect(ended.stderr).toContain("22 tokens in, 14 out");
    // Green on this boot: the next one need not try again.
    expect(existsSync(join(place.dir, ".redline/agent-self-test.json"))).toBe(true);
  });
});
