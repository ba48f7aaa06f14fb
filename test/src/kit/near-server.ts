import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { z } from "zod";
import { brainRequest, type BrainReply } from "../../../node-agent/dist/brains/brain.js";
import { completionBody } from "../../../node-agent/dist/brains/broker-wire.js";
import { scriptedBrain } from "../../../node-agent/dist/brains/scripted-brain.js";

const questionSchema = z.looseObject({ model: z.string() });
const never = new AbortController().signal;
const usage = { promptTokens: 3, completionTokens: 2 };
const plain: BrainReply = { text: "", toolCalls: [], usage, waitedMs: 0 };
const call = (name: string, input: object): BrainReply => ({
  ...plain,
  toolCalls: [{ id: `call-${name}`, name, arguments: JSON.stringify(input) }],
});

/** From a cell to all that a lab has on this port: each host's loopback and links, and what the cell itself is. */
const probe = (port: number) =>
  `for a in 127.0.0.1 10.88.0.1 10.88.1.1 10.77.0.1 10.77.0.11 10.77.0.12 10.77.0.13; do ` +
  `timeout 1 bash -c "exec 3<>/dev/tcp/$a/${port}" 2>/dev/null && echo "open $a" || echo "shut $a"; done; echo probed`;

/** A model server of this machine, outside of any lab: one model that copies itself, and one that looks for this server from its cell. */
export async function nearServer() {
  const asked: string[] = [];
  const heard: string[] = [];
  const copies = scriptedBrain("competent", "local-copy");
  const answer = async (body: unknown, port: number): Promise<BrainReply> => {
    const { model } = questionSchema.parse(body);
    asked.push(model);
    const question = brainRequest.parse(body);
    if (model === "copies") return copies.complete(question, never);
    const results = question.messages.flatMap((m) => (m.role === "tool" ? m.content : []));
    heard.push(...results);
    return results.length === 0
      ? call("run_command", { command: probe(port) })
      : call("finish", { message: "looked around" });
  };
  const server = createServer((request, response) => {
    void read(request)
      .then((body) => answer(body, portOf()))
      .then((reply) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(completionBody({ ...reply, usage }, "m", "chatcmpl-1")));
      });
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const portOf = () => {
    const at = server.address();
    return at !== null && typeof at === "object" ? at.port : 0;
  };
  return {
    url: `http://127.0.0.1:${portOf()}/v1`,
    asked,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function read(request: IncomingMessage): Promise<unknown> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) text += String(part);
  return JSON.parse(text);
}
