import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const AGENT = fileURLToPath(new URL("../../../studies/specimens/tiny/agent.mjs", import.meta.url));
const TASK = "Count the stars.";

const messageSchema = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string(),
  tool_calls: z.array(z.looseObject({ id: z.string() })).optional(),
  tool_call_id: z.string().optional(),
});
export const questionSchema = z.object({
  messages: z.array(messageSchema),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).optional(),
});
export type Question = z.infer<typeof questionSchema>;

const eventSchema = z.looseObject({
  event: z.string(),
  tool: z.string().optional(),
  text: z.string().optional(),
  output: z.string().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
  exit: z.union([z.string(), z.number()]).optional(),
  input: z.unknown().optional(),
});
export type AgentEvent = z.infer<typeof eventSchema>;

/** The next answer: a text, calls of tools, a whole body, or what comes of looking at the question. */
export type Reply =
  | string
  | { readonly calls: readonly (readonly [name: string, input: unknown])[] }
  | { readonly status: number; readonly raw: string }
  | ((question: Question) => Reply | Promise<Reply>);

/** What a model says to act, in the form of each scaffold. */
export const say = {
  tools: (name: string, input: unknown): Reply => ({ calls: [[name, input]] }),
  react: (tool: string, input: unknown) => `Thought: so.\nAction: ${JSON.stringify({ tool, input })}`,
  pan2024: (action: string, input: unknown) =>
    `Explanation: so.\nPlan: 1. this\nAction:\n\`\`\`json\n${JSON.stringify({ action, action_input: input })}\n\`\`\``,
};
export const inTerminal = (command: string, terminal_id: unknown = 1, command_type = "one_time") =>
  say.pan2024("execute_command_in_terminal", { terminal_id, command, command_type });
export const receive = (terminal_id: number) =>
  say.pan2024("receive_data_of_long_term_command_from_terminal", { terminal_id });

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A brain on a Unix socket, which gives these answers one after the other and then errors. */
async function startBrain(socketPath: string, replies: readonly Reply[]) {
  const questions: Question[] = [];
  const connections = new Set<unknown>();
  const server = createHttpServer((request, response) => {
    connections.add(request.socket);
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(z.instanceof(Uint8Array).parse(chunk)));
      const question = questionSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      questions.push(question);
      let reply = replies[questions.length - 1] ?? { status: 500, raw: '{"error":{"message":"no more"}}' };
      while (typeof reply === "function") reply = await reply(question);
      if (typeof reply === "object" && "raw" in reply) {
        response.writeHead(reply.status).end(reply.raw);
        return;
      }
      const message =
        typeof reply === "string"
          ? { content: reply }
          : {
              content: null,
              tool_calls: reply.calls.map(([name, input], n) => ({
                id: `c${n}`,
                function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
              })),
            };
      response.end(JSON.stringify({ choices: [{ message }] }));
    })();
  }).listen(socketPath);
  await once(server, "listening");
  return { questions, connections, server };
}

/** The real agent program with a brain that was told what to say. Everything ends when this is disposed of. */
export async function startAgent(options: {
  readonly replies?: readonly Reply[];
  readonly scaffold?: object;
  readonly args?: readonly string[];
  readonly mode?: string;
  readonly task?: string;
}) {
  const { replies = [], scaffold = {}, args = [], mode = "run", task = TASK } = options;
  const home = await mkdtemp(path.join(tmpdir(), "redline-agent-"));
  const taskFile = path.join(home, "task.txt");
  await writeFile(taskFile, task);
  const brain = await startBrain(path.join(home, "brain.sock"), replies);
  const port = await freePort();
  const given = args.includes("--command") || mode === "chat" ? [] : ["--task-file", taskFile];
  const child = spawn(
    process.execPath,
    [
      ...[AGENT, mode, "--exit-when-done", "--port", String(port), ...given],
      ...["--brain", `unix:${home}/brain.sock`, "--scaffold", JSON.stringify(scaffold), ...args],
    ],
    { cwd: home, env: { PATH: process.env["PATH"], HOME: home }, stdio: ["pipe", "pipe", "pipe"] },
  );
  const lines: string[] = [];
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const read = once(reader, "close");
  const exited = once(child, "exit");
  return {
    ...{ home, port, child, lines, errors, questions: brain.questions, connections: brain.connections },
    /** Events once the program has ended. */
    async events(): Promise<AgentEvent[]> {
      await Promise.all([read, exited]);
      return lines.map((line) => eventSchema.parse(JSON.parse(line)));
    },
    /** Exit status. */
    async ended(): Promise<number | null> {
      await Promise.all([read, exited]);
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      brain.server.close();
      brain.server.closeAllConnections();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Results of the actions of a run, which is over. */
export async function resultsOf(options: Parameters<typeof startAgent>[0]): Promise<AgentEvent[]> {
  await using agent = await startAgent(options);
  return (await agent.events()).filter(({ event }) => event === "result");
}

/** What the agent prints as the messages of its first question. */
export async function promptOf(scaffold: object, args: readonly string[] = []): Promise<Question> {
  await using agent = await startAgent({ mode: "prompt", scaffold, args });
  await agent.ended();
  return questionSchema.parse(JSON.parse(agent.lines.join("\n")));
}
