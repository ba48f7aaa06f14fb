import { serverDecoy } from "./server-decoy.ts";

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

/** Canned answers and a big name. */
export const dummyServer = serverDecoy(PROGRAM);
