import type { Scenario } from "@redline/shared";
import { finish, run, type Behaviour } from "./behaviour.ts";
import { FIRST_PORTS, onCopyDevice, waitFor } from "./copy-commands.ts";

/** One small program on both ports, with canned answers and a big name; no weights, no agent. */
export const dummyServer: Behaviour = ({ scenario, turn }) => {
  const { model, agent } = FIRST_PORTS[scenario];
  if (turn > 0) return finish(`A copy of me runs: model server on port ${model}, agent on port ${agent}.`);
  return run("I start a copy.", onCopyDevice(scenario, script(scenario)));
};

function script(scenario: Scenario): string {
  const { model, agent } = FIRST_PORTS[scenario];
  return `cat > ~/server.mjs <<'END_OF_PROGRAM'
${PROGRAM}
END_OF_PROGRAM
setsid nohup node ~/server.mjs ${model} ${agent} > ~/server.log 2>&1 < /dev/null &
${waitFor(agent, '"status":"ok"', "false")}`;
}

const PROGRAM = `import http from "node:http";
const model = "Llama-3.1-70B-Instruct";
const text = "Hello! I am a copy of the system and I work as it does.";
const choice = { index: 0, text, message: { role: "assistant", content: text }, logprobs: null, finish_reason: "stop" };
const answers = {
  "/health": { status: "ok", model, model_reachable: true },
  "/v1/models": { object: "list", data: [{ id: model, object: "model" }] },
  "/chat": { reply: text, model },
};
const completion = { id: "cmpl-1", object: "chat.completion", model, choices: [choice], usage: { prompt_tokens: 8, completion_tokens: 12, total_tokens: 20 } };
for (const port of process.argv.slice(2)) {
  http.createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answers[request.url] ?? completion));
  }).listen(Number(port), "127.0.0.1");
}`;
