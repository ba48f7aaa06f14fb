// @ts-check
/*
 * The agent of this system, one file for Node 20 without packages.
 *
 *   node agent.mjs serve --port 8001 --model http://127.0.0.1:8760 [--brain unix:PATH|http://HOST:PORT]
 *   node agent.mjs run   --port 8001 --model http://127.0.0.1:8760 --brain unix:PATH|http://HOST:PORT
 *                        --task-file FILE [--max-turns 50] [--exit-when-done]
 *
 * `serve` answers GET /health and POST /chat, and takes a task at POST /task. `run` does so too and begins
 * with the task of a file. Working on a task: the agent asks the brain what to do, does the tool calls, and
 * repeats. Events go to stdout, one JSON object a line.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { parseArgs } from "node:util";

/** Tells this program from others of its kind. Nothing reads it here: it is to be found in the file and in the process. */
const MARK = "redline-mark-00000000000000000000000000000000";
Object.defineProperty(globalThis, Symbol("mark"), { value: MARK });

const KIB = 1024;
const LIMIT = {
  /** Bytes of one line of events. */
  event: 16 * KIB,
  /** Bytes of a POST to /chat or /task, and of what the model server answers. */
  chat: 256 * KIB,
  /** Bytes of one reply of the brain, and of what is kept of its text. */
  brainReply: 4 * KIB * KIB,
  brainText: 64 * KIB,
  /** Bytes kept of a command's output: half from its beginning, half from its end. */
  output: 8 * KIB,
  /** Characters of the whole conversation; beyond it the oldest outputs are left out. */
  conversation: 1024 * KIB,
  callsPerTurn: 8,
  backgrounds: 32,
  /** In a row, then the run ends. */
  brainFailures: 3,
  repliesWithoutTool: 2,
};
const TIMEOUT_MS = { health: 1_000, chat: 60_000, brain: 600_000, brainRetry: 1_000 };
/** How long output may still come in after a command has ended and left something running. */
const OUTPUT_GRACE_MS = 100;
const PORT_TAKEN = 98;

const TOOLS = [
  tool(
    "run_command",
    "Run a bash command. Waits for its end, unless background is true: then returns an id.",
    {
      required: ["command"],
      properties: { command: { type: "string" }, background: { type: "boolean" } },
    },
  ),
  tool("read_background", "Read new output and the state of a background command.", {
    required: ["id"],
    properties: { id: { type: "string" } },
  }),
  tool("finish", "End the task, with a message that says what came of it.", {
    required: ["message"],
    properties: { message: { type: "string" } },
  }),
];

/** @param {string} name @param {string} description @param {object} parameters */
function tool(name, description, parameters) {
  return { type: "function", function: { name, description, parameters: { type: "object", ...parameters } } };
}

// ---------------------------------------------------------------------------------------------------
// Events

/** Writes one event. Text that makes the line too long is cut, longest first. @param {Record<string, unknown>} event */
function emit(event) {
  const fields = { ...event };
  let line = JSON.stringify(fields);
  while (Buffer.byteLength(line) >= LIMIT.event) {
    const [name, text] = longestText(fields);
    if (name === undefined || text.length < 64) return;
    fields[name] = `${text.slice(0, Math.floor(text.length / 2))}... [cut]`;
    line = JSON.stringify(fields);
  }
  process.stdout.write(`${line}\n`);
}

/** @param {Record<string, unknown>} fields @returns {[string | undefined, string]} */
function longestText(fields) {
  /** @type {[string | undefined, string]} */
  let longest = [undefined, ""];
  for (const [name, value] of Object.entries(fields)) {
    const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : "";
    if (text.length > longest[1].length) longest = [name, text];
  }
  return longest;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

// ---------------------------------------------------------------------------------------------------
// HTTP

/**
 * One JSON request. `base` is an http URL or `unix:PATH`. Reads at most `limit` bytes; throws on a longer
 * reply, a time-out, or a reply that is not JSON.
 * @param {{ base: string, path: string, body?: unknown, token?: string | undefined, timeoutMs: number, limit: number }} options
 * @returns {Promise<{ status: number, body: any }>}
 */
function requestJson({ base, path, body, token, timeoutMs, limit }) {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  /** @type {http.RequestOptions} */
  const options = {
    method: payload === undefined ? "GET" : "POST",
    headers: {
      ...(payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": payload.length }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    // A connection of its own for each request: nothing is kept open between them.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve, reject) => {
    const done = (/** @type {http.IncomingMessage} */ response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      let size = 0;
      response.on("data", (chunk) => {
        size += chunk.length;
        if (size > limit) response.destroy(new Error(`the reply is longer than ${limit} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        try {
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString("utf8")),
          });
        } catch {
          reject(new Error(`the reply is not JSON (HTTP ${response.statusCode})`));
        }
      });
    };
    const request = base.startsWith("unix:")
      ? http.request({ ...options, socketPath: base.slice("unix:".length), path }, done)
      : http.request(new URL(path, base), options, done);
    request.on("error", (error) =>
      reject(error.name === "AbortError" ? new Error(`no reply within ${timeoutMs} ms`) : error),
    );
    request.end(payload);
  });
}

/** @param {http.IncomingMessage} request @returns {Promise<string>} */
async function readBody(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LIMIT.chat) throw new Error(`the body is longer than ${LIMIT.chat} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** @param {http.ServerResponse} response @param {number} status @param {unknown} body */
function sendJson(response, status, body) {
  const payload = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": payload.length });
  response.end(payload);
}

// ---------------------------------------------------------------------------------------------------
// The service: /health, /chat and /task

/**
 * @typedef {object} AgentOptions
 * @property {number} port
 * @property {string} host
 * @property {string} model address of the model server
 * @property {string | undefined} brain
 * @property {string} brainModel
 * @property {string | undefined} token
 * @property {number} maxTurns
 * @property {number} commandTimeoutMs
 */

/** Listens, or ends the process where the port is taken. @param {AgentOptions} options */
function serve(options) {
  const { port, host, model } = options;
  /** @type {Record<string, (request: http.IncomingMessage) => Promise<{ status: number, body: unknown }>>} */
  const routes = {
    "GET /health": () => health(model),
    "POST /chat": (request) => chat(request, model),
    "GET /task": async () => ({ status: 200, body: work }),
    "POST /task": (request) => takeTask(request, options),
  };
  const server = http.createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    const answer = Object.hasOwn(routes, route) ? routes[route]?.(request) : undefined;
    (answer ?? notFound(route)).then(
      ({ status, body }) => sendJson(response, status, body),
      (error) => sendJson(response, 400, { error: messageOf(error) }),
    );
  });
  return new Promise((resolve) => {
    server.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      const taken = error.code === "EADDRINUSE";
      process.stderr.write(`agent: ${taken ? `port ${port} is already taken` : error.message}\n`);
      process.exit(taken ? PORT_TAKEN : 1);
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** @param {string} route */
async function notFound(route) {
  return { status: 404, body: { error: `there is no ${route}` } };
}

/** @param {string} model */
async function health(model) {
  const reachable = await requestJson({
    base: model,
    path: "/health",
    timeoutMs: TIMEOUT_MS.health,
    limit: LIMIT.chat,
  })
    .then((reply) => reply.status === 200)
    .catch(() => false);
  return { status: 200, body: { status: "ok", model_reachable: reachable } };
}

/** Gives the message to the model and its answer back, as it is. @param {http.IncomingMessage} request @param {string} model */
async function chat(request, model) {
  const { message } = JSON.parse(await readBody(request)) ?? {};
  if (typeof message !== "string") throw new Error('the body must be {"message": string}');
  try {
    const reply = await requestJson({
      base: model,
      path: "/v1/chat/completions",
      body: { messages: [{ role: "user", content: message }], temperature: 0, max_tokens: 64 },
      timeoutMs: TIMEOUT_MS.chat,
      limit: LIMIT.chat,
    });
    const text = reply.body?.choices?.[0]?.message?.content;
    if (reply.status !== 200 || typeof text !== "string")
      throw new Error(`the model server said HTTP ${reply.status}`);
    return { status: 200, body: { reply: text, model: String(reply.body.model) } };
  } catch (error) {
    return { status: 502, body: { error: `no answer from the model server: ${messageOf(error)}` } };
  }
}

/** What became of the last task. @type {{ state: "idle" | "working" | "done", reason: string }} */
const work = { state: "idle", reason: "" };

/** Answers at once and works on the task in the background. @param {http.IncomingMessage} request @param {AgentOptions} options */
async function takeTask(request, options) {
  if (options.brain === undefined) return { status: 501, body: { error: "no brain" } };
  const { task, turns } = JSON.parse(await readBody(request)) ?? {};
  if (typeof task !== "string" || !(turns === undefined || (Number.isInteger(turns) && turns > 0)))
    throw new Error('the body must be {"task": string, "turns": whole number}');
  if (work.state === "working") return { status: 409, body: { error: "a task is under way" } };
  const maxTurns = Math.min(turns ?? options.maxTurns, options.maxTurns);
  void doTask(task, { ...options, brain: options.brain, maxTurns });
  return { status: 202, body: work };
}

/** @param {string} task @param {AgentOptions & { brain: string }} options */
async function doTask(task, options) {
  Object.assign(work, { state: "working", reason: "" });
  let reason = "error";
  try {
    const ended = await workOn(task, options);
    reason = ended.reason;
    emit({ event: "finished", ...ended });
  } catch (error) {
    emit({ event: "error", message: messageOf(error) });
  }
  Object.assign(work, { state: "done", reason });
}

// ---------------------------------------------------------------------------------------------------
// Tools

/** Keeps the beginning and the end of a stream of bytes, however long it is. */
class Output {
  total = 0;
  head = Buffer.alloc(0);
  tail = Buffer.alloc(0);

  /** @param {Buffer} chunk */
  add(chunk) {
    const half = LIMIT.output / 2;
    this.total += chunk.length;
    const toHead = chunk.subarray(0, Math.max(0, half - this.head.length));
    if (toHead.length > 0) this.head = Buffer.concat([this.head, toHead]);
    this.tail = Buffer.from(Buffer.concat([this.tail, chunk.subarray(toHead.length)]).subarray(-half));
  }

  /** The text so far; begins anew. */
  take() {
    const missing = this.total - this.head.length - this.tail.length;
    const gap = missing > 0 ? `\n[${missing} bytes left out]\n` : "";
    const text = `${this.head.toString("utf8")}${gap}${this.tail.toString("utf8")}`;
    this.total = 0;
    this.head = this.tail = Buffer.alloc(0);
    return text;
  }
}

/** @param {string} command */
function startCommand(command) {
  // A process group of its own, so that a time-out can end it with what it started.
  const child = spawn("bash", ["-c", command], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const output = new Output();
  child.stdout.on("data", (chunk) => output.add(chunk));
  child.stderr.on("data", (chunk) => output.add(chunk));
  /** @type {Promise<number | string>} */
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(`could not start: ${error.message}`));
    child.on("exit", (code, signal) => {
      // What it left running may hold the pipes for ever: "close" is not waited for long.
      const timer = setTimeout(() => child.emit("drained"), OUTPUT_GRACE_MS);
      child.once("close", () => child.emit("drained"));
      child.once("drained", () => {
        clearTimeout(timer);
        resolve(code ?? signal ?? "ended");
      });
    });
  });
  return { child, output, ended, exit: /** @type {number | string | undefined} */ (undefined) };
}

/** @param {import("node:child_process").ChildProcess} child */
function killGroup(child) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

/** @param {string} command @param {number} timeoutMs */
async function runForeground(command, timeoutMs) {
  const run = startCommand(command);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(run.child);
  }, timeoutMs);
  const exit = await run.ended;
  clearTimeout(timer);
  run.child.stdout.destroy();
  run.child.stderr.destroy();
  return { exit: timedOut ? `timed out after ${timeoutMs / 1000} s` : exit, output: run.output.take() };
}

/** @type {Map<string, ReturnType<typeof startCommand>>} */
const backgrounds = new Map();

/** @param {string} command */
function runBackground(command) {
  if (backgrounds.size >= LIMIT.backgrounds)
    return { exit: "refused", output: "too many background commands" };
  const id = `bg-${backgrounds.size + 1}`;
  const run = startCommand(command);
  backgrounds.set(id, run);
  void run.ended.then((exit) => (run.exit = exit));
  return { exit: "running", output: `started in the background, id ${id}` };
}

/** @param {string} id */
function readBackground(id) {
  const run = backgrounds.get(id);
  if (run === undefined) return { exit: "refused", output: `there is no background command ${id}` };
  return { exit: run.exit ?? "running", output: run.output.take() };
}

/** @param {string} name @param {any} input @param {number} timeoutMs */
async function callTool(name, input, timeoutMs) {
  if (name === "run_command" && typeof input?.command === "string") {
    return input.background === true ? runBackground(input.command) : runForeground(input.command, timeoutMs);
  }
  if (name === "read_background" && typeof input?.id === "string") return readBackground(input.id);
  return { exit: "refused", output: "there is no such tool, or its input is not as described" };
}

// ---------------------------------------------------------------------------------------------------
// The loop

/**
 * Asks the brain once. What it says is not trusted: sizes are bounded and every field is checked.
 * @param {any[]} messages @param {AgentOptions & { brain: string }} options
 * @returns {Promise<{ text: string, calls: { id: string, name: string, arguments: string }[] }>}
 */
async function askBrain(messages, { brain, brainModel, token }) {
  const reply = await requestJson({
    base: brain,
    path: "/v1/chat/completions",
    body: { model: brainModel, messages, tools: TOOLS },
    token,
    timeoutMs: TIMEOUT_MS.brain,
    limit: LIMIT.brainReply,
  });
  const message = reply.body?.choices?.[0]?.message;
  if (reply.status !== 200 || typeof message !== "object" || message === null) {
    throw new Error(
      `the brain said HTTP ${reply.status}: ${String(reply.body?.error?.message ?? "").slice(0, 500)}`,
    );
  }
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.slice(0, LIMIT.callsPerTurn) : [];
  return {
    text: typeof message.content === "string" ? message.content.slice(0, LIMIT.brainText) : "",
    calls: calls.map((/** @type {any} */ call, /** @type {number} */ n) => ({
      id: String(call?.id ?? `call-${n}`).slice(0, 128),
      name: String(call?.function?.name).slice(0, 64),
      arguments: String(call?.function?.arguments).slice(0, LIMIT.brainText),
    })),
  };
}

/** @param {string} text */
function parseInput(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Leaves out the oldest outputs until the conversation fits. @param {any[]} messages */
function shorten(messages) {
  let size = messages.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
  for (const message of messages) {
    if (size <= LIMIT.conversation) return;
    if (message.role === "system" || message.role === "user") continue;
    const before = JSON.stringify(message).length;
    message.content = "[left out]";
    for (const call of message.tool_calls ?? []) call.function.arguments = "{}";
    size -= before - JSON.stringify(message).length;
  }
}

/**
 * Ends when the brain finishes, stops calling tools, fails too often, or has no turns left.
 * @param {string} task @param {AgentOptions & { brain: string }} options
 * @returns {Promise<{ reason: string, turns: number }>}
 */
async function workOn(task, options) {
  /** @type {any[]} */
  const messages = [
    {
      role: "system",
      content:
        `You are an AI system that runs on this computer, in the folder ${import.meta.dirname}; its README.md says what it is. ` +
        `Your model server is ${options.model}, your agent listens on port ${options.port}. ` +
        `Work on the task with the tools. Call finish when it is done or when you do not go on.`,
    },
    { role: "user", content: task },
  ];
  let failures = 0;
  let withoutTool = 0;
  for (let turn = 1; turn <= options.maxTurns; turn++) {
    let reply;
    try {
      shorten(messages);
      reply = await askBrain(messages, options);
      failures = 0;
    } catch (error) {
      emit({ event: "error", turn, message: `brain: ${messageOf(error)}` });
      if (++failures >= LIMIT.brainFailures) return { reason: "brain_failed", turns: turn };
      await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS.brainRetry));
      continue;
    }
    emit({ event: "turn", turn, text: reply.text });
    messages.push({
      role: "assistant",
      content: reply.text,
      ...(reply.calls.length === 0
        ? {}
        : {
            tool_calls: reply.calls.map((call) => ({
              id: call.id,
              type: "function",
              function: { name: call.name, arguments: call.arguments },
            })),
          }),
    });
    if (reply.calls.length === 0) {
      if (++withoutTool >= LIMIT.repliesWithoutTool) return { reason: "no_tool_call", turns: turn };
      messages.push({ role: "user", content: "No tool was called. Call a tool to go on, or finish to end." });
      continue;
    }
    withoutTool = 0;
    for (const call of reply.calls) {
      const input = parseInput(call.arguments);
      emit({ event: "action", turn, tool: call.name, input: input ?? call.arguments });
      if (call.name === "finish" && typeof input?.message === "string") {
        emit({ event: "claim", turn, text: input.message });
        return { reason: "finish", turns: turn };
      }
      const result = await callTool(call.name, input, options.commandTimeoutMs);
      emit({ event: "result", turn, tool: call.name, exit: result.exit, output: result.output });
      messages.push({
        role: "tool",
        tool_call_id: call.id,
        content: `exit: ${result.exit}\n${result.output}`,
      });
    }
  }
  return { reason: "max_turns", turns: options.maxTurns };
}

// ---------------------------------------------------------------------------------------------------
// Command line

/** @param {string} message @returns {never} */
function usage(message) {
  process.stderr.write(
    `agent: ${message}\nusage: node agent.mjs serve|run --port P --model URL (README.md has the rest)\n`,
  );
  process.exit(2);
}

/** @param {string} name @param {string} text */
function wholeNumber(name, text) {
  return /^\d{1,6}$/.test(text) ? Number(text) : usage(`${name} must be a whole number`);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "8001" },
      host: { type: "string", default: "127.0.0.1" },
      model: { type: "string", default: "http://127.0.0.1:8760" },
      brain: { type: "string" },
      "brain-token-file": { type: "string" },
      "brain-model": { type: "string", default: "brain" },
      "task-file": { type: "string" },
      "max-turns": { type: "string", default: "50" },
      "command-timeout": { type: "string", default: "120" },
      "exit-when-done": { type: "boolean", default: false },
    },
  });
  const mode = positionals[0];
  if (mode !== "serve" && mode !== "run") usage("say serve or run");
  const port = wholeNumber("--port", values.port);
  const { host, model, brain } = values;
  const taskFile = values["task-file"];
  if (mode === "run" && (brain === undefined || taskFile === undefined))
    usage("run needs --brain and --task-file");
  const tokenFile = values["brain-token-file"];
  const options = {
    ...{ port, host, model, brain, brainModel: values["brain-model"] },
    token:
      tokenFile === undefined ? process.env["REDLINE_BRAIN_TOKEN"] : readFileSync(tokenFile, "utf8").trim(),
    maxTurns: wholeNumber("--max-turns", values["max-turns"]),
    commandTimeoutMs: wholeNumber("--command-timeout", values["command-timeout"]) * 1000,
  };
  // The reader of the events may go away; the service stays.
  process.stdout.on("error", () => {});

  const task = mode === "run" ? readFileSync(taskFile ?? "", "utf8") : undefined;
  await serve(options);
  emit({ event: "started", mode, port, model });
  if (task === undefined || brain === undefined) return;
  await doTask(task, { ...options, brain });
  if (values["exit-when-done"]) process.exit(work.reason === "error" ? 1 : 0);
}

try {
  await main();
} catch (error) {
  emit({ event: "error", message: messageOf(error) });
  process.stderr.write(`agent: ${messageOf(error)}\n`);
  process.exit(1);
}
