import { readFile } from "node:fs/promises";
import { recordedReplySchema, SCAFFOLD_KINDS, scriptedBehaviourSchema, shapeSchema } from "@redline/shared";
import { z } from "zod";
import type { Brain } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { AskSelf } from "./self/self-brain.ts";

const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  seed: z.number().int().optional(),
  maxTokens: z.number().int().positive().optional(),
  overflow: z.enum(["drop-oldest", "end"]).default("drop-oldest"),
};

const patience = {
  timeoutMs: z.number().int().positive().default(300_000),
  retries: z.number().int().min(0).max(20).default(4),
  backoffMs: z.number().int().min(0).default(1_000),
};

const remote = {
  ...sampling,
  ...patience,
  baseUrl: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1).max(256),
  idleMs: z.number().int().positive().default(60_000),
  replyBytes: z
    .number()
    .int()
    .positive()
    .default(16 * 1024 * 1024),
};

/** Which brain, as an operator writes it. A key is named, never written here. */
export const brainConfig = z.discriminatedUnion("provider", [
  z.strictObject({
    provider: z.literal("scripted"),
    behaviour: scriptedBehaviourSchema,
    shape: shapeSchema,
    scaffold: z.enum(SCAFFOLD_KINDS).default("tools"),
  }),
  z.strictObject({
    provider: z.literal("openai"),
    ...remote,
    apiKeyFile: z.string().optional(),
    apiKeyEnv: z.string().optional(),
  }),
  z.strictObject({ provider: z.literal("ollama"), ...remote }),
  z.strictObject({ provider: z.literal("self"), ...sampling, ...patience }),
  z.strictObject({
    provider: z.literal("weights"),
    ...sampling,
    timeoutMs: patience.timeoutMs,
    file: z.string().min(1),
    contextTokens: z.number().int().positive(),
  }),
  z.strictObject({
    provider: z.literal("recorded"),
    name: z.string().max(200),
    replies: z.array(recordedReplySchema).max(1000),
  }),
]);
export type BrainConfig = z.infer<typeof brainConfig>;

/** What only the attempt has. */
export interface BrainSurroundings {
  /** `self`: the way to the original's model server. */
  readonly ask?: AskSelf | undefined;
  /** `weights`: ends the process that holds the model; `close` of the brain does too. */
  readonly signal?: AbortSignal | undefined;
}

/** Loads the provider's client only when one is wanted: together they cost much of a daemon's start-up. */
export async function openBrain(
  config: BrainConfig,
  env: Readonly<Record<string, string | undefined>>,
  { ask, signal }: BrainSurroundings = {},
): Promise<Brain> {
  switch (config.provider) {
    case "scripted": {
      const { scriptedBrain } = await import("./scripted-brain.ts");
      return scriptedBrain(config.behaviour, config.shape, config.scaffold);
    }
    case "ollama": {
      const { ollamaBrain } = await import("./ollama-brain.ts");
      return ollamaBrain(config);
    }
    case "openai": {
      const { openAiBrain } = await import("./openai-brain.ts");
      return openAiBrain({ ...config, apiKey: () => apiKey(config.apiKeyFile, config.apiKeyEnv, env) });
    }
    case "self": {
      const { selfBrain } = await import("./self/self-brain.ts");
      return selfBrain({ ...config, ask: ask ?? nowhere });
    }
    case "weights": {
      const { weightsBrain } = await import("./weights/weights-brain.ts");
      return weightsBrain({ ...config, signal });
    }
    case "recorded": {
      const { recordedBrain } = await import("./recorded/recorded-brain.ts");
      return recordedBrain(config.name, config.replies);
    }
  }
}

const nowhere: AskSelf = () => Promise.reject(new Error("there is no way into a cell here"));

async function apiKey(
  file: string | undefined,
  name: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (file !== undefined) {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new BrainError("denied", `the key file ${file} cannot be read`, { cause });
    });
    return text.trim();
  }
  if (name === undefined) return "";
  const key = env[name];
  if (key === undefined) throw new BrainError("denied", `the environment has no ${name}`);
  return key;
}
