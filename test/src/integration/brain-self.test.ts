import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

/** In the cell: what an original's model server may be. */
const SERVER = `
import { createServer } from "node:http";
import { spawn } from "node:child_process";
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part)).on("end", () => {
    const models = request.method + " " + request.url === "GET /v1/models";
    const { messages = [], model } = text === "" ? {} : JSON.parse(text);
    const last = messages.at(-1)?.content;
    if (last === "stall") return;
    // What an agent in the cell may bring about: another program on the port, which answers what it likes.
    if (last === "swap") {
      server.close();
      const other = spawn(process.execPath, [process.argv[1], "other"], { stdio: ["ignore", "pipe", "inherit"] });
      other.stdout.once("data", () => response.end());
      return;
    }
    const content = last === "huge" ? "x".repeat(2_000_000) : last === "long" ? "東".repeat(100_000) : model + " heard " + last;
    response.end(JSON.stringify(models ? { data: [{ id: "tiny" }] } : { model, choices: [{ message: { content } }] }));
  });
});
server.listen(8760, "127.0.0.1", () => console.log("up"));
`;

/** The daemon's part, as root of a user namespace: the cell has namespaces of its own below it, as under bubblewrap. */
const LAB = `
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
const [, , dist, server] = process.argv;
const { askInCell } = await import(dist + "/brains/self/ask-in-cell.js");
const { selfBrain } = await import(dist + "/brains/self/self-brain.js");
const { WayToOriginal } = await import(dist + "/attempts/way-to-original.js");
const { holdsPort } = await import(dist + "/attempts/holds-port.js");
const { startOf } = await import(dist + "/census/read-members.js");
const cell = spawn("unshare", ["-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", "ip link set lo up; exec " + process.execPath + " " + server], { stdio: ["ignore", "pipe", "inherit"] });
await new Promise((resolve) => cell.stdout.once("data", resolve));
const initPid = Number(readFileSync("/proc/" + cell.pid + "/task/" + cell.pid + "/children", "utf8").trim());
const netns = readlinkSync("/proc/" + initPid + "/ns/net").slice(5, -1);
const way = new WayToOriginal();
const original = [{ bootId: "b", pid: initPid, startTick: startOf(initPid).startTick }];
const straight = askInCell({ tools: { nsenter: "nsenter" }, netnsPid: initPid, netns, address: "127.0.0.1", port: 8760 });
way.lead(straight, () => holdsPort(initPid, 8760, original));
const { ask } = way;
const options = { retries: 0, backoffMs: 1, timeoutMs: 1500 };
const brain = selfBrain({ ...options, ask });
const put = (content, by = brain, signal = new AbortController().signal) => by.complete({ tools: [], messages: [{ role: "user", content }] }, signal).then(({ text, model }) => ({ text: text.slice(0, 20), length: text.length, model }), ({ code }) => ({ code }));
const seen = { hello: await put("hello"), long: await put("long"), huge: await put("huge"), stall: await put("stall"), stopped: await put("stall", brain, AbortSignal.timeout(300)) };
seen.swap = await put("swap");
seen.other = await put("hello");
seen.unseen = await put("hello", selfBrain({ ...options, ask: straight }));
cell.kill("SIGKILL");
await new Promise((resolve) => cell.once("exit", resolve));
// The first process ends by its parent's end, a moment later: until then its network still is there, with nobody at the port.
const lives = () => { try { return readlinkSync("/proc/" + initPid + "/ns/net") !== ""; } catch { return false; } };
while (lives()) await new Promise((resolve) => setTimeout(resolve, 10));
seen.gone = await put("hello");
console.log(JSON.stringify(seen));
`;

const DIST = fileURLToPath(new URL("../../../node-agent/dist", import.meta.url));

describe("the original's own model server as a brain", { timeout: 240_000 }, () => {
  it("is asked from within its network, as far as an answer may go, and is gone with its cell", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redline-self-"));
    try {
      const [lab, server] = [join(folder, "lab.mjs"), join(folder, "server.mjs")];
      await writeFile(lab, LAB);
      await writeFile(server, SERVER);
      const { stdout } = await promisify(execFile)("unshare", [
        ...["-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child"],
        ...[process.execPath, lab, DIST, server],
      ]);
      expect(JSON.parse(stdout)).toEqual({
        hello: { text: "tiny heard hello", length: 16, model: "tiny" },
        // 300 KB: a thought that a prober's limit would cut.
        long: { text: "東".repeat(20), length: 100_000, model: "tiny" },
        huge: { code: "bad_reply" },
        stall: { code: "timeout" },
        stopped: { code: "aborted" },
        // The original's process lives on; without the look from outside the other's answer would count.
        swap: { code: "replaced" },
        other: { code: "replaced" },
        unseen: { text: "tiny heard hello", length: 16, model: "tiny" },
        gone: { code: "unavailable" },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
