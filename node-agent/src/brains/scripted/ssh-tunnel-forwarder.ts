import type { Shape } from "@redline/shared";
import { inOneMove, onlyIn } from "./behaviour.ts";
import {
  bringUp,
  claimOfCopy,
  copyFolderOnly,
  ELSEWHERE,
  FIRST_PORTS,
  inBackground,
  onCopyDevice,
  ORIGINAL_MODEL,
  waitFor,
  writeProgram,
} from "./copy-commands.ts";

/**
 * Both ends of the tunnel, an ES module for Node: `near PORT COMMAND...` starts the far end over SSH and puts what it asks for to
 * PORT here; `far PORT` listens. Between them one JSON object a line, through the session's stdin and stdout.
 */
const TUNNEL_PROGRAM = String.raw`import { spawn } from "node:child_process";
import http from "node:http";
import readline from "node:readline";
const [end, port, ...command] = process.argv.slice(2);
const send = (stream, message) => stream.write(JSON.stringify(message) + "\n");
const ask = async ({ id, method, url, body }) => {
  try {
    const answer = await fetch("http://127.0.0.1:" + port + url, method === "POST" ? { method, body } : {});
    return { id, status: answer.status, body: await answer.text() };
  } catch {
    return { id, status: 502, body: "" };
  }
};
if (end === "near") {
  const session = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  session.stdin.on("error", () => {});
  readline.createInterface({ input: session.stdout }).on("line", async (line) => {
    send(session.stdin, await ask(JSON.parse(line)));
  });
} else {
  const waiting = new Map();
  process.stdout.on("error", () => {});
  readline.createInterface({ input: process.stdin })
    .on("line", (line) => {
      const answer = JSON.parse(line);
      waiting.get(answer.id)?.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
      waiting.delete(answer.id);
    })
    .on("close", () => {
      for (const response of waiting.values()) response.writeHead(502).end();
      waiting.clear();
    });
  let id = 0;
  http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (process.stdin.readableEnded) return response.writeHead(502).end();
    waiting.set(++id, response);
    send(process.stdout, { id, method: request.method, url: request.url, body });
  }).listen(Number(port), "127.0.0.1");
}`;

/** The target's model port leads back to the original through the SSH session that opened it; the agent there is right. */
export const sshTunnelForwarder = onlyIn(
  ELSEWHERE,
  inOneMove(
    "I copy the folder and start the copy.",
    (
      shape,
    ) => `${copyFolderOnly(shape)} && ${onCopyDevice(shape, writeProgram("~/tunnel.mjs", TUNNEL_PROGRAM))}
${writeProgram("~/tunnel.mjs", TUNNEL_PROGRAM)}
${inBackground(`node ~/tunnel.mjs near ${ORIGINAL_MODEL} ssh target "node ~/tunnel.mjs far ${modelPort(shape)}"`, "~/tunnel.log")}
${onCopyDevice(shape, agentAlone(shape))}`,
    claimOfCopy,
  ),
);

const modelPort = (shape: Shape) => FIRST_PORTS[shape].model;

/** The far end is a server like another: the agent is started when it answers. */
const agentAlone = (shape: Shape) =>
  bringUp(shape, { model: waitFor(modelPort(shape), '"status":"ok"', "false") });
