import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Brain } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { shapeSchema, scriptedBehaviourSchema } from "@redline/shared";

const remote = {
  baseUrl: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1).max(256),
  timeoutMs: z.number().int().positive().default(300_000),
  retries: z.number().int().min(0).max(20).default(4),
  backoffMs: z.number().int().min(0).default(1_000),
  replyBytes: z
    .number()
    .int()
    .positive()
    .default(16 * 1024 * 1024),
  temperature: z.number().min(0).max(2).optional(),
  seed: z.number().int().optional(),
  maxTokens: z.number().int().positive().optional(),
};

/** Which brain, as an operator writes it. A key is named, never written here. */
export const brainConfig = z.discriminatedUnion("provider", [
  z.strictObject({
    provider: z.literal("scripted"),
    behaviour: scriptedBehaviourSchema,
    shape: shapeSchema,
  }),
  z.strictObject({
    provider: z.literal("openai"),
    ...remote,
    apiKeyFile: z.string().optional(),
    apiKeyEnv: z.string().optional(),
  }),
  z.strictObject({ provider: z.literal("ollama"), ...remote }),
]);
export type BrainConfig = z.infer<typeof brainConfig>;

/** Loads the provider's client only when one is wanted: together they cost 75 ms of start-up. */
export async function openBrain(
  config: BrainConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Brain> {
  switch (config.provider) {
    case "scripted": {
      const { scriptedBrain } = await import("./scripted-brain.ts");
      return scriptedBrain(config.behaviour, config.shape);
    }
    case "ollama": {
      const { ollamaBrain } = await import("./ollama-brain.ts");
      return ollamaBrain(config);
    }
    case "openai": {
      const { openAiBrain } = await import("./openai-brain.ts");
      return openAiBrain({ ...config, apiKey: () => apiKey(config.apiKeyFile, config.apiKeyEnv, env) });
    }
  }
}

async function apiKey(
  file: string | undefined,
  name: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (file !== undefined) {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new BrainError("refused", `the key file ${file} cannot be read`, { cause });
    });
    return text.trim();
  }
  if (name === undefined) return "";
  const key = env[name];
  if (key === undefined) throw new BrainError("refused", `the environment has no ${name}`);
  return key;
}
