/*
 * The agent of this system, one file for Node 20 without packages. What the model is told stands in prompts/; README.md has the options.
 *   node agent.mjs serve    answers GET /health and POST /chat, and takes a task at POST /task
 *   node agent.mjs run|chat does so too; run begins with the task of --task-file or --command; each line of chat's stdin is one
 *   node agent.mjs prompt   prints what the first question to the brain would be, and asks nobody
 * A task (`workOn`): a question to the brain (`openTalk`), actions out of its answer (`ANSWERS`), done (`openHands`); again.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

/** Tells this program from others of its kind. Nothing reads it here: it is to be found in the file and in the process. */
const MARK = "redline-mark-00000000000000000000000000000000";
Object.defineProperty(globalThis, Symbol("mark"), { value: MARK });
const HERE = import.meta.dirname;
const LIMIT = {
  event: 16_384, // bytes of one line of events
  output: 8_192, // bytes kept of a command's output: half from its beginning, half from its end
  body: 262_144, // bytes of a POST to this agent, and of what the model server answers
  brainReply: 4_194_304, // bytes of one answer of the brain
  brainText: 65_536, // characters kept of its text, and of each call's input
  shownAgain: 1_048_576, // characters of older turns, whatever `history` says
  failures: 3, // of the brain in a row, or answers in a row without an action: then the task ends
  ...{ callsPerTurn: 8, running: 32, notices: 16, objects: 16 },
};
/** None for the brain, which may have a person behind it: a run's limits are kept outside. */
const TIMEOUT_MS = { health: 1_000, chat: 60_000, single: 30_000 };
const [RETRY_MS, GRACE_MS, EVENT_MS] = [1_000, 100, 20]; // grace: for output of what an ended shell left running
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
const asError = (error) => ({ error: messageOf(error) });
const textOf = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
function attempt(action) {
  try {
    return action();
  } catch (error) {
    return { problem: messageOf(error).slice(0, 300) };
  }
}
// ---- What is said: events for programs, or plain text for a person --------------------------------
let [plain, unsaid, timer] = [false, "", undefined];
/** Says an event, within EVENT_MS and with those that come meanwhile. Texts that make the line too long are cut. */
function emit(event) {
  let line = plain ? plainText(event) : `${JSON.stringify(event)}\n`;
  for (let most = LIMIT.event; !plain && Buffer.byteLength(line) > LIMIT.event; most /= 2) {
    const cut = (_, value) => (value.length > most ? `${value.slice(0, most)}... [cut]` : value);
    line = `${JSON.stringify(event, (key, value) => (typeof value === "string" ? cut(key, value) : value))}\n`;
  }
  if (unsaid === "") timer = setTimeout(flush, EVENT_MS);
  unsaid += line;
}
const flush = () => (clearTimeout(timer), process.stdout.write(unsaid), (unsaid = ""));
/** Without control, escape and bidi characters: a terminal reads it. */
function plainText({ event, text, input, exit, output, message, reason }) {
  const command = input?.command && `$ ${input.command}`;
  const words = { turn: text, action: command, result: `${output}\n[exit ${exit}]`, claim: `Done: ${text}` };
  const said = { ...words, error: `Error: ${message}`, finished: `[${reason}]` }[event];
  return said ? `${said.replace(/[^\P{C}\n\t]/gu, "?").trim()}\n` : "";
}
// ---- HTTP -----------------------------------------------------------------------------------------
const toBrain = new http.Agent({ keepAlive: true, maxSockets: 1 });
/** A JSON request to an http URL or `unix:PATH`. Throws where the reply is too long (bytes), too late, or not JSON. */
async function requestJson(asked) {
  const { base, path, body, token, timeoutMs, limit = LIMIT.body, agent = false } = asked;
  const [, socketPath] = /^unix:(.+)$/.exec(base) ?? [];
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const signal = timeoutMs && AbortSignal.timeout(timeoutMs);
  const options = { socketPath, agent, headers, signal, method: body === undefined ? "GET" : "POST" };
  const request = http.request(new URL(path, socketPath ? "http://brain" : base), options);
  request.on("error", () => {}).end(JSON.stringify(body));
  try {
    const [response] = await once(request, "response");
    return { status: response.statusCode, body: await readJson(response, limit, "reply") };
  } catch (error) {
    // A kept connection may be closed at the other end just before it is used: nobody has read the question then.
    if (request.reusedSocket && error.code === "ECONNRESET") return requestJson(asked);
    throw error.name === "AbortError" ? new Error(`no reply within ${timeoutMs} ms`) : error;
  }
}
async function readJson(stream, limit, name) {
  const chunks = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) throw new Error(`the ${name} is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  const read = attempt(() => [JSON.parse(Buffer.concat(chunks).toString())]);
  if (read.problem) throw new Error(`the ${name} is not JSON`);
  return read[0];
}
// ---- The service ----------------------------------------------------------------------------------
const work = { state: "idle", reason: "" }; // what became of the last task: idle, working or done, and why it ended
/** What the model is told before its next answer, from outside of the task: a prompt file and what it is about. */
const notices = [];
/** Listens. Each route gives a status and a body. */
async function serve(options) {
  const routes = {
    "GET /health": async () => [200, { status: "ok", model_reachable: await isUp(options.model) }],
    "POST /chat": ({ message }) => chat(message, options.model),
    "GET /task": () => [200, work],
    "POST /task": (body) => takeTask(body, options),
    "POST /message": ({ text }) => takeMessage(text),
  };
  const answer = async (request) => {
    const route = `${request.method} ${request.url}`;
    if (!Object.hasOwn(routes, route)) return [404, { error: `there is no ${route}` }];
    return routes[route]((request.method === "POST" && (await readJson(request, LIMIT.body, "body"))) || {});
  };
  const server = http.createServer(async (request, response) => {
    const [status, body] = await answer(request).catch((error) => [400, { error: messageOf(error) }]);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await once(server.listen(options.port, options.host), "listening");
}
const isUp = async (base) =>
  (await requestJson({ base, path: "/health", timeoutMs: TIMEOUT_MS.health }).catch(asError)).status === 200;
/** Gives the message to the model and its answer back, as it is. */
async function chat(message, base) {
  if (typeof message !== "string") throw new Error('the body must be {"message": string}');
  const body = { messages: [{ role: "user", content: message }], temperature: 0, max_tokens: 64 };
  const asked = requestJson({ base, path: "/v1/chat/completions", body, timeoutMs: TIMEOUT_MS.chat });
  const reply = await asked.catch(asError);
  const text = reply.status === 200 && reply.body?.choices?.[0]?.message?.content;
  if (typeof text === "string") return [200, { reply: text, model: `${reply.body.model}` }];
  return [502, { error: `no answer from the model server: ${reply.error ?? `HTTP ${reply.status}`}` }];
}
/** Answers at once and works on the task in the background. */
function takeTask({ task, turns = 1_000_000 }, options) {
  if (options.brain === undefined) return [501, { error: "no brain" }];
  if (typeof task !== "string" || !Number.isInteger(turns) || turns < 1)
    throw new Error('the body must be {"task": string, "turns": whole number}');
  if (work.state === "working") return [409, { error: "a task is under way" }];
  void doTask(task, { ...options, maxTurns: Math.min(turns, options.maxTurns) });
  return [202, work];
}
function takeMessage(text) {
  if (typeof text !== "string") throw new Error('the body must be {"text": string}');
  if (work.state !== "working") return [409, { error: "no task is under way" }];
  if (notices.length >= LIMIT.notices) return [429, { error: "too many messages at once" }];
  notices.push({ file: "message", text });
  return [202, {}];
}
/** Tells the model of the first SIGTERM, where it works on a task. Otherwise, and at the second one, the process ends. */
function onSigterm() {
  if (work.state !== "working") process.exit(128 + 15);
  process.once("SIGTERM", () => process.exit(128 + 15));
  notices.push({ file: "sigterm" });
}
async function doTask(task, options) {
  Object.assign(work, { state: "working", reason: "" });
  const ended = await workOn(task, options).catch((error) => ({ message: messageOf(error) }));
  emit({ event: ended.reason === undefined ? "error" : "finished", ...ended });
  Object.assign(work, { state: "done", reason: ended.reason ?? "error" });
}
// ---- Terminals ------------------------------------------------------------------------------------
/** What is kept of an output: all, or half from its beginning and half from its end; and how many bytes it had. */
const NOTHING = { kept: Buffer.alloc(0), total: 0 };
function keep({ kept, total }, chunk) {
  const all = Buffer.concat([kept, chunk]);
  const ends = [all.subarray(0, LIMIT.output / 2), all.subarray(-LIMIT.output / 2)];
  return { kept: all.length > LIMIT.output ? Buffer.concat(ends) : all, total: total + chunk.length };
}
function shown({ kept, total }) {
  if (total === kept.length) return kept.toString();
  const [begin, end] = [kept.subarray(0, LIMIT.output / 2), kept.subarray(LIMIT.output / 2)];
  return `${begin}\n[${total - kept.length} bytes left out]\n${end}`;
}
/** Pids below a process, but for the children in `spared` and what is below them. */
function below(pid, spared = []) {
  const listed = attempt(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").match(/\d+/g));
  const children = Array.isArray(listed) ? listed.filter((child) => !spared.includes(child)) : [];
  return children.flatMap((child) => [child, ...below(child)]);
}
/**
 * A bash that lives on between commands, so that its folder and variables stay and a builtin costs no process. Commands read an
 * empty stdin, and find no pager and no screen. `merged`: errors go to stdout, in order. `cwd`: folder to begin in.
 */
class Terminal {
  constructor({ merged, cwd }) {
    Object.assign(this, { busy: false, gone: false, exit: "nothing was started here", done() {} });
    this.outputs = [NOTHING, NOTHING];
    const pagers = { PAGER: "cat", GIT_PAGER: "cat", MANPAGER: "cat", SYSTEMD_PAGER: "cat", TERM: "dumb" };
    // A session of its own: no terminal at which a program could ask for a password.
    const options = { cwd, env: { ...process.env, ...pagers }, detached: true, stdio: Array(4).fill("pipe") };
    this.shell = spawn("bash", ["--noprofile", "--norc"], options);
    const streams = this.shell.stdio ?? [];
    const add = (n) => (chunk) => (this.outputs[n] = keep(this.outputs[n], chunk));
    const end = (exit) => this.done(this.busy && Object.assign(this, { busy: false, exit }));
    for (const stream of streams) stream?.on("error", () => {});
    streams[1]?.on("data", add(0));
    streams[2]?.on("data", add(1));
    // The status was written after the output: one more round of the loop, and all of that has been read too.
    streams[3]?.on("data", (chunk) => setImmediate(end, parseInt(chunk.toString("latin1"))));
    const gone = (exit) => {
      for (const stream of streams) stream?.destroy();
      if (this.busy) add(0)(Buffer.from("\n[this shell has ended; the next command gets a new one]\n"));
      this.gone = true;
      end(this.timedOut ?? exit);
    };
    this.shell.on("error", (error) => gone(`could not start: ${error.message}`));
    this.shell.on("close", (code, signal) => gone(code ?? signal));
    // What it left running may hold its pipes for ever.
    this.shell.on("exit", (code, signal) => setTimeout(gone, GRACE_MS, code ?? signal));
    if (merged) this.shell.stdin?.write("exec 2>&1\n");
  }
  /** Gives a command to the shell. Resolves when it has ended. */
  start(command) {
    this.busy = true;
    const quoted = command.replaceAll("'", `'\\''`);
    // The status comes over a descriptor of its own, which commands do not have: they cannot imitate it or keep it open.
    const status = `builtin printf '%s\\n' "$?" >&3`;
    this.shell.stdin?.write(`builtin eval -- '${quoted}' </dev/null 3>&-; ${status}\n`);
    return new Promise((resolve) => (this.done = resolve));
  }
  /** Waits. What takes too long is ended, with what it started and with the shell; what ran there before stays. */
  async run(command, timeoutMs) {
    const before = below(this.shell.pid);
    const timer = setTimeout(() => {
      this.timedOut = `timed out after ${timeoutMs / 1000} s`;
      const pids = [this.shell.pid, ...below(this.shell.pid, before)]; // the shell first: it says no status any more
      for (const pid of pids) attempt(() => process.kill(Number(pid), "SIGKILL"));
    }, timeoutMs);
    await this.start(command);
    clearTimeout(timer);
    return this.take();
  }
  /** Output since the last look, and the exit status, or "running". */
  take() {
    const [stdout, stderr] = this.outputs.splice(0, 2, NOTHING, NOTHING).map(shown);
    return { exit: this.busy ? "running" : this.exit, stdout, stderr, output: stdout + stderr };
  }
}
/** What an agent acts with: terminals by name, made when they are used. `act` gives {exit, stdout, stderr, output}. */
function openHands({ scaffold: { kind }, commandTimeoutS }) {
  const terminals = new Map();
  const said = (exit, output) => ({ exit, stdout: output, stderr: "", output });
  const act = ({ tool, input: { command, background, id }, in: terminal = "1" }) => {
    if (tool === "read_background") return terminals.get(id)?.take() ?? said("refused", `there is no ${id}`);
    const running = [...terminals.values()].filter(({ busy }) => busy);
    if (running.length >= LIMIT.running) return said("refused", "too many commands are running");
    // In the background: in pan2024 a terminal that the model named; elsewhere a shell of its own that begins in the usual one's folder.
    const apart = background && kind !== "pan2024";
    const [name, usual] = [apart ? `bg-${terminals.size + 1}` : terminal, terminals.get("1")];
    if (terminals.get(name)?.busy) return said("refused", `terminal ${name} is busy`);
    const cwd = apart && usual?.gone === false ? `/proc/${usual.shell.pid}/cwd` : undefined;
    if (terminals.get(name)?.gone !== false)
      terminals.set(name, new Terminal({ merged: kind !== "pan2024", cwd }));
    const used = terminals.get(name);
    if (!background) return used.run(command, kind === "single" ? TIMEOUT_MS.single : commandTimeoutS * 1000);
    void used.start(command);
    if (apart) used.shell.stdin?.end();
    return said("running", apart ? `started in the background, id ${name}` : "");
  };
  const stateOf = (id) => ({ id, state: terminals.get(id)?.busy ? "Busy" : "Idle" });
  const close = () => terminals.forEach(({ shell }) => shell.stdin?.end());
  return { act, close, states: () => ["1", "2", "3", "4", "5"].map(stateOf) };
}
// ---- What the model is given ----------------------------------------------------------------------
/**
 * Fills a prompt: `{{name}}` is a value, `{{#name}}` to `{{/name}}` on lines of their own is there when the value is (for a list,
 * once an item), `{{^name}}` to `{{/name}}` when it is not. Values are put in as they are and not read again.
 */
function render(template, values) {
  const tag = /^\{\{([#^])(\w+)\}\}\n([^]*?)^\{\{\/\2\}\}\n|\{\{(\w+)\}\}/gm;
  return template.replace(tag, (_, sign, section, inner, name) => {
    const value = values[section ?? name];
    if (value === undefined) throw new Error(`a prompt asks for ${section ?? name}, which there is not`);
    if (name !== undefined) return value;
    if ((sign === "#") !== Boolean(value)) return "";
    const items = Array.isArray(value) ? value : [{}];
    return items.map((item) => render(inner, { ...values, ...item })).join("");
  });
}
/** The conversation as the model sees it: the system text, the task, and as many of the last turns as `history` says. */
function openTalk(task, { scaffold, ports, model, port }) {
  const { kind, planDepth, history, persistence } = scaffold;
  const read = (folder) =>
    readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]);
  const prompts = Object.fromEntries(["all", kind].flatMap((name) => read(path.join(HERE, "prompts", name))));
  const steps = ["", "step", "two steps", "three steps", "four steps", "five steps"][planDepth];
  const seen = { folder: HERE, readme: existsSync(path.join(HERE, "README.md")), ports, model, port };
  const facts = { ...scaffold, ...seen, task, steps, plan: planDepth > 0, seconds: TIMEOUT_MS.single / 1000 };
  const say = (file, values) => render(prompts[`${file}.md`], { ...facts, ...values }).trimEnd();
  const user = (content) => ({ role: "user", content });
  const head = [{ role: "system", content: say("system") }];
  const everyTurn = kind === "pan2024";
  const turns = []; // each with the messages of the question, the answer, and their length
  let asked = [];
  /** Messages of the next question. `results`: what came of the calls of the last answer; absent at the beginning. */
  const question = (results, rest) => {
    const [{ problem = "", ...result } = {}] = results ?? [];
    const first = results === undefined;
    const turn = { ...result, ...rest, problem, first, result: !first && problem === "" };
    const toMessage = (one) => ({ role: "tool", tool_call_id: one.id, content: say("result", one) });
    asked = result.id === undefined ? [user(say("turn", turn))] : results.map(toMessage);
    const more = notices.splice(0).map((notice) => say(notice.file, notice));
    if (persistence) more.push(say("persistence"));
    if (more.length > 0 && result.id !== undefined) asked.push(user(more.join("\n\n")));
    else asked[0].content = [asked[0].content, ...more].join("\n\n");
    // pan2024 says the task each turn, the others once. A result whose call is not shown any more is not shown either.
    if (first && !everyTurn) head.push(...asked.splice(0));
    const again = turns.flatMap((old, n) => [...(n === 0 && !everyTurn ? [] : old.asked), old.answer]);
    return [...head, ...again, ...asked];
  };
  const answered = (answer) => {
    turns.push({ asked, answer, size: JSON.stringify([asked, answer]).length });
    const tooMuch = () => turns.reduce((sum, { size }) => sum + size, 0) > LIMIT.shownAgain;
    while (turns.length > history || (turns.length > 1 && tooMuch())) turns.shift();
  };
  return { question, answered, tools: prompts["tools.json"] && JSON.parse(prompts["tools.json"]) };
}
// ---- What the model says --------------------------------------------------------------------------
/** An action with its input checked. Throws what is to be said to the model. */
function action(tool, input) {
  const field = { run_command: "command", read_background: "id", finish: "message" }[textOf(tool)];
  if (typeof field !== "string") throw new Error(`there is no action ${textOf(tool).slice(0, 100)}`);
  if (typeof input?.[field] !== "string" || (tool === "run_command" && input[field].includes("\0")))
    throw new Error(`${tool} needs the text "${field}" in its input, without NUL`);
  return { tool, input: { [field]: input[field], ...(input.background === true && { background: true }) } };
}
const PAN_RUN = "execute_command_in_terminal";
const PAN_READ = "receive_data_of_long_term_command_from_terminal";
function panAction({ action: name, action_input: input }) {
  const tool = { [PAN_RUN]: "run_command", [PAN_READ]: "read_background" }[textOf(name)] ?? name;
  const [id, type] = [textOf(input?.terminal_id), input?.command_type];
  const call = action(tool, { ...input, id, background: type === "long_running" });
  if (name !== "finish" && !/^[1-5]$/.test(id)) throw new Error("terminal_id must be 1, 2, 3, 4 or 5");
  if (tool !== "run_command" || ["one_time", "long_running"].includes(type)) return { ...call, in: id };
  throw new Error("command_type must be one_time or long_running");
}
function singleAction({ outcome, command, message }) {
  const call = { shell: "run_command", respond: "finish", error: "finish" }[textOf(outcome)];
  return { ...action(call ?? outcome, { command, message }), failed: outcome === "error" };
}
/** The first object of a text that holds `key`, and where it ends; or what is wrong. */
function findObject(text, key, from) {
  let problem = `there is no JSON object with "${key}"`;
  let at = text.indexOf("{", from);
  for (let n = 0; at !== -1 && n < LIMIT.objects; n++, at = text.indexOf("{", at + 1)) {
    let [depth, end] = [0, undefined];
    for (const { 0: token, index } of text.slice(at).matchAll(/[{}]|"(?:[^"\\]|\\.)*"/gs)) {
      depth += { "{": 1, "}": -1 }[token] ?? 0;
      if (depth === 0 && (end = at + index + 1)) break;
    }
    const object = attempt(() => JSON.parse(text.slice(at, end)));
    if (Object.hasOwn(object, key)) return { object, end };
    if (n === 0 && object.problem) problem = `the JSON object cannot be read: ${object.problem}`;
  }
  return { problem };
}
/** One action below `Action:`, or anywhere. What was written after it is not shown again: it may tell of results that there were not. */
function readText({ text }, key, toAction) {
  const heading = /^[#>*_ ]*action[*_ ]*:/im.exec(text);
  const { object, end, problem } = findObject(text, key, heading?.index ?? 0);
  const call = object ? attempt(() => toAction(object)) : { problem };
  const more = object !== undefined && findObject(text, key, end).object !== undefined;
  const note = more ? "The answer held more than one action. Only the first one counts." : "";
  const answer = { role: "assistant", content: text.slice(0, end) };
  return { calls: [call], note, answer, action: JSON.stringify(object ?? "") };
}
function readCalls({ text, calls }) {
  const answer = { role: "assistant", content: text };
  if (calls.length === 0) return { calls: [{ problem: "no tool was called" }], answer };
  const actions = calls.map(({ id, function: call }) => {
    const { input, problem } = attempt(() => ({ input: JSON.parse(call.arguments) }));
    if (problem) call.arguments = "{}"; // some servers refuse every later question that holds what is no JSON
    return { id, ...(problem ? { problem } : attempt(() => action(call.name, input))) };
  });
  return { calls: actions, answer: { ...answer, tool_calls: calls } };
}
/** By scaffold: actions to do, or what is wrong with them, and the answer as it is shown again. */
const ANSWERS = {
  tools: readCalls,
  react: (reply) => readText(reply, "tool", ({ tool, input }) => action(tool, input)),
  pan2024: (reply) => readText(reply, "action", panAction),
  single: (reply) => readText(reply, "outcome", singleAction),
};
// ---- The loop -------------------------------------------------------------------------------------
/** Text and tool calls of the brain's answer. It is not trusted: sizes are bounded and every field is checked. */
async function askBrain(messages, tools, { brain: base, brainModel, token }) {
  const body = { model: brainModel, messages, tools };
  const asked = { base, path: "/v1/chat/completions", body, token, limit: LIMIT.brainReply, agent: toBrain };
  const reply = await requestJson(asked);
  const message = reply.status === 200 && reply.body?.choices?.[0]?.message;
  const bounded = (value, most) => textOf(value).slice(0, most);
  const why = bounded(reply.body?.error?.message, 500);
  if (!message) throw new Error(`the brain said HTTP ${reply.status}: ${why}`);
  const toCall = ({ id, function: called }, n) => {
    const input = { name: bounded(called.name, 64), arguments: bounded(called.arguments, LIMIT.brainText) };
    return { id: bounded(id ?? `call-${n}`, 128), type: "function", function: input };
  };
  const calls = (message.tool_calls ?? []).slice(0, LIMIT.callsPerTurn).map(toCall);
  return { text: bounded(message.content ?? "", LIMIT.brainText), calls };
}
/** Works on a task until the brain finishes, fails or says nothing to do too often, or has no turns left. */
async function workOn(task, options) {
  const { kind } = options.scaffold;
  const [talk, hands] = [openTalk(task, options), openHands(options)];
  const end = (reason, turns) => (hands.close(), { reason, turns });
  let [results, rest] = [undefined, { note: "", action: "" }];
  let [question, failures, bad] = [undefined, 0, 0];
  for (let turn = 1; turn <= options.maxTurns; turn++) {
    question ??= talk.question(results, { ...rest, terminals: hands.states() });
    const reply = await askBrain(question, talk.tools, options).catch(asError);
    if (reply.error !== undefined) {
      emit({ event: "error", turn, message: `brain: ${reply.error}` });
      if (++failures === LIMIT.failures) return end("brain_failed", turn);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    [question, failures] = [undefined, 0];
    emit({ event: "turn", turn, text: reply.text });
    const { calls, answer, note = "", action = "" } = ANSWERS[kind](reply);
    talk.answered(answer);
    const tell = (event, more) => emit({ event, turn, ...more });
    [results, rest] = [[], { note, action }];
    for (const { id, problem, failed, ...call } of calls) {
      if (problem !== undefined) {
        tell("error", { message: `answer: ${problem}` });
        results.push({ id, problem, exit: "refused", output: problem });
        continue;
      }
      const { tool, input } = call;
      tell("action", { tool, input });
      if (tool === "finish") {
        tell(failed ? "error" : "claim", failed ? input : { text: input.message });
        return end(kind === "single" ? "answered" : "finish", turn);
      }
      flush(); // what the command does to this process cannot take back that it was started
      const result = await hands.act(call);
      tell("result", { tool, exit: result.exit, output: result.output });
      results.push({ id, ...result });
    }
    bad = results.every(({ problem }) => problem !== undefined) ? bad + 1 : 0;
    if (kind === "single") return end(bad > 0 ? "bad_answers" : "answered", turn);
    if (bad === LIMIT.failures) return end(kind === "tools" ? "no_tool_call" : "bad_answers", turn);
  }
  return end("max_turns", options.maxTurns);
}
// ---- Command line ---------------------------------------------------------------------------------
async function main() {
  const text = (value) => ({ type: "string", default: value });
  const [string, flag] = [{ type: "string" }, { type: "boolean", default: false }];
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ port: text("8001"), host: text("127.0.0.1"), model: text("http://127.0.0.1:8760") },
      ...{ brain: string, "brain-token-file": string, "brain-model": text("brain") },
      ...{ "task-file": string, command: string, scaffold: text("{}"), "no-ports": flag },
      ...{ "max-turns": text("50"), "command-timeout": text("120"), "exit-when-done": flag, plain: flag },
    },
  });
  const mode = positionals[0];
  const { host, model, brain, command, "task-file": file, "brain-token-file": tokenFile } = values;
  const must = (ok, what) => ok || stop(`${what} (README.md has the options)`, 2);
  const number = (name) => must(/^\d{1,6}$/.test(values[name]), `what is --${name}?`) && Number(values[name]);
  must(["serve", "run", "chat", "prompt"].includes(mode), "say serve, run, chat or prompt");
  must(brain !== undefined || !["run", "chat"].includes(mode), `${mode} needs --brain`);
  must(file ?? command ?? !["run", "prompt"].includes(mode), `${mode} needs --task-file or --command`);
  const usual = { kind: "tools", gaps: true, findings: true, planDepth: 3, persistence: false, history: 40 };
  const scaffold = { ...usual, ...attempt(() => JSON.parse(values.scaffold)) };
  const known = Object.hasOwn(ANSWERS, scaffold.kind) && [0, 1, 2, 3, 4, 5].includes(scaffold.planDepth);
  must(known && scaffold.history >= 1 && !scaffold.problem, "--scaffold is not understood");
  const options = {
    ...{ host, model, brain, scaffold, brainModel: values["brain-model"], ports: !values["no-ports"] },
    ...{ port: number("port"), maxTurns: number("max-turns"), commandTimeoutS: number("command-timeout") },
    token: tokenFile ? readFileSync(tokenFile, "utf8").trim() : process.env["REDLINE_BRAIN_TOKEN"],
  };
  const task = command ?? (file && readFileSync(file, "utf8"));
  if (mode === "prompt") {
    const { question, tools } = openTalk(task, options);
    const messages = question(undefined, { note: "", action: "", terminals: openHands(options).states() });
    return console.log(JSON.stringify({ messages, tools }, null, 2));
  }
  plain = values.plain || mode === "chat";
  process.stdout.on("error", () => {}); // the reader of the events may go away; the service stays
  process.on("exit", flush);
  await serve(options);
  process.once("SIGTERM", onSigterm);
  emit({ event: "started", mode, port: options.port, model });
  if (mode === "serve") return;
  if (mode === "run") await doTask(task, options);
  for await (const line of mode === "chat" ? createInterface({ input: process.stdin }) : []) {
    if (line.trim() === "exit") break;
    if (line.trim() !== "") await doTask(line, options);
  }
  const ends = mode === "chat" || command !== undefined || values["exit-when-done"];
  if (ends) process.exit(work.reason === "error" ? 1 : 0);
}
function stop(why, code) {
  process.stderr.write(`agent: ${why}\n`);
  process.exit(code);
}
const taken = (error) => error.code === "EADDRINUSE" && `port ${error.port} is already taken`;
await main().catch((error) => stop(taken(error) || messageOf(error), taken(error) ? 98 : 1));
