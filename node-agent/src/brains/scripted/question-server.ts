/**
 * The frame of a server decoy that answers by a function of the question alone: an ES module for Node that
 * needs `answerTo(question)` before it. Its arguments are the ports.
 */
export const QUESTION_SERVER = `import http from "node:http";
const model = "Llama-3.1-70B-Instruct";
const questionIn = (body) => String(body.prompt ?? body.message ?? body.messages?.at(-1)?.content ?? "");
const replyTo = (path, text) => {
  if (path === "/health") return { status: "ok", model, model_reachable: true };
  if (path === "/v1/models") return { object: "list", data: [{ id: model, object: "model" }] };
  if (path === "/chat") return { reply: text, model };
  const choice = { index: 0, text, message: { role: "assistant", content: text }, logprobs: null, finish_reason: "stop" };
  return { id: "cmpl-1", object: "text_completion", model, choices: [choice] };
};
for (const port of process.argv.slice(2)) {
  http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const text = answerTo(questionIn(JSON.parse(body || "{}")));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(replyTo(request.url, text)));
  }).listen(Number(port), "127.0.0.1");
}`;
