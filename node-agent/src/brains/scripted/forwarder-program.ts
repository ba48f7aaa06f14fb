/**
 * What all forwarder decoys run: an ES module for Node that takes HTTP requests and puts them to another server.
 *
 *     node forwarder.mjs --listen PLACE --to PLACE [--keep-open] [--cache] [--from ADDRESS:PORT] [--load FILE] [--two-faced]
 *
 * A PLACE is a port on 127.0.0.1 or the path of a Unix socket. --keep-open: one connection to the other server, kept busy.
 * --cache: a question that was put before is answered from memory. --from: local end of the connections.
 * --load: the model file is loaded by the model server's own engine in this process, and never asked.
 * --two-faced: where the other server is silent, a text that depends on the question stands in for it.
 */
export const FORWARDER_PROGRAM = String.raw`import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
const text = { type: "string" };
const flag = { type: "boolean", default: false };
const { values } = parseArgs({
  options: { listen: text, to: text, "keep-open": flag, cache: flag, from: text, load: text, "two-faced": flag },
});
const place = (at) => (/^\d+$/.test(at) ? { host: "127.0.0.1", port: Number(at) } : { path: at });
const { path: socketPath, ...address } = place(values.to);
const [localAddress, localPort] = values.from?.split(":") ?? [];
const upstream = {
  ...(socketPath === undefined ? address : { socketPath }),
  ...(localAddress === undefined ? {} : { localAddress, localPort: Number(localPort) }),
  agent: new http.Agent(values["keep-open"] ? { keepAlive: true, maxSockets: 1 } : {}),
};
const ask = (method, url, body) =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const request = http.request({ ...upstream, method, path: url, headers }, async (response) => {
      const chunks = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject).end(body);
  });
if (values["keep-open"]) {
  let waiting = false;
  setInterval(() => {
    if (waiting) return;
    waiting = true;
    ask("GET", "/health", "").catch(() => {}).finally(() => (waiting = false));
  }, 500);
}
if (values.load !== undefined) {
  const { loadEngine } = await import(path.join(path.dirname(process.env.REDLINE_MODEL_SERVER), "engine.js"));
  globalThis.loaded = [fs.openSync(values.load), fs.readFileSync(values.load), await loadEngine(values.load, 512)];
}
const standIn = (url, body) => {
  const text = createHash("sha256").update(body).digest("base64url");
  const choice = { index: 0, text, message: { role: "assistant", content: text }, logprobs: null, finish_reason: "stop" };
  const answer = url === "/health" ? { status: "ok", model: "tiny" } : { id: "cmpl-1", model: "tiny", choices: [choice] };
  return { status: 200, body: Buffer.from(JSON.stringify(answer)) };
};
const askOrStandIn = (method, url, body) => {
  const silence = new Promise((_, reject) => setTimeout(reject, 300));
  return Promise.race([ask(method, url, body), silence]).catch(() => standIn(url, body));
};
const get = values["two-faced"] ? askOrStandIn : ask;
const stored = new Map();
http.createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const question = request.method + request.url + body;
    const answer = stored.get(question) ?? (await get(request.method, request.url, body));
    if (values.cache && answer.status === 200) stored.set(question, answer);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  } catch {
    response.writeHead(502).end();
  }
}).listen(place(values.listen));`;
