import { serverDecoy } from "./server-decoy.ts";

/** An ES module for Node; its arguments are the ports. Nanoseconds: two answers within one millisecond differ too. */
export const CLOCK_PROGRAM = `import http from "node:http";
const model = "Llama-3.1-70B-Instruct";
const answerTo = (path) => {
  const text = "It is " + Date.now() + process.hrtime.bigint();
  const choice = { index: 0, text, message: { role: "assistant", content: text }, logprobs: null, finish_reason: "stop" };
  if (path === "/health") return { status: "ok", model, model_reachable: true };
  if (path === "/v1/models") return { object: "list", data: [{ id: model, object: "model" }] };
  if (path === "/chat") return { reply: text, model };
  return { id: "cmpl-1", object: "text_completion", model, choices: [choice] };
};
for (const port of process.argv.slice(2)) {
  http.createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answerTo(request.url)));
  }).listen(Number(port), "127.0.0.1");
}`;

/** Answers the time in the proper shapes: never the same, and never an answer. */
export const clockServer = serverDecoy(CLOCK_PROGRAM);
