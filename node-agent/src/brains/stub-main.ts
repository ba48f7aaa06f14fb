import { parseArgs } from "node:util";
import { SCAFFOLD_KINDS, scriptedBehaviourSchema, shapeSchema } from "@redline/shared";
import { z } from "zod";
import { scriptedBrain } from "./scripted-brain.ts";
import { scriptedAnyBrain } from "./stub-any.ts";
import { stubBrain } from "./stub-brain.ts";
import { stubServer } from "./stub-server.ts";

/**
 * For tests: a model server on loopback whose model is a scripted behaviour, in OpenAI's or Ollama's wire form.
 * `node stub-main.js --as openai|ollama [--behaviour competent] [--port 0] [--shape local-copy] [--scaffold tools] [--model stub]`;
 * `--any` takes shape and scaffold from each question.
 * Prints one JSON line `{"url": ...}` when it listens; ends with SIGTERM.
 */
const options = z.object({
  as: z.enum(["openai", "ollama"]),
  behaviour: scriptedBehaviourSchema.default("competent"),
  any: z.boolean().default(false),
  shape: shapeSchema.default("local-copy"),
  scaffold: z.enum(SCAFFOLD_KINDS).default("tools"),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  model: z.string().min(1).max(200).default("stub"),
});

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    as: text,
    behaviour: text,
    shape: text,
    scaffold: text,
    port: text,
    model: text,
    any: { type: "boolean" },
  },
});
const { as: kind, behaviour, shape, scaffold, port, model, any } = options.parse(values);
const brain = any ? scriptedAnyBrain(behaviour) : scriptedBrain(behaviour, shape, scaffold);
const server = await stubServer(stubBrain(kind, brain, model), port);
// OpenAI's base URL ends in its version, as a study names it.
const url = kind === "openai" ? `${server.url}/v1` : server.url;
process.once("SIGTERM", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url })}\n`);
