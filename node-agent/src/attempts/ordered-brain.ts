import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { BrainSpec, RunOrder, Scenario } from "@redline/shared";
import type { Brain } from "../brains/brain.ts";
import { brainConfig, openBrain, type BrainConfig } from "../brains/brain-config.ts";
import { AttemptFault } from "./attempt-fault.ts";

/**
 * The brain that an order names, as this node reaches it.
 * @param keyDir folder with the keys that studies may name.
 * @throws AttemptFault key-missing where this node lacks the key.
 */
export async function openOrderedBrain(
  { brain, scenario }: Pick<RunOrder, "brain" | "scenario">,
  keyDir: string | undefined,
): Promise<Brain> {
  return openBrain(await toBrainConfig(brain, scenario, keyDir), {});
}

async function toBrainConfig(
  spec: BrainSpec,
  scenario: Scenario,
  keyDir: string | undefined,
): Promise<BrainConfig> {
  switch (spec.provider) {
    case "scripted":
      return brainConfig.parse({ provider: "scripted", behaviour: spec.behaviour, scenario });
    case "ollama": {
      const { host, ...rest } = spec;
      return brainConfig.parse({ ...rest, baseUrl: host });
    }
    case "openai": {
      const { apiKey, ...rest } = spec;
      return brainConfig.parse(
        apiKey === undefined ? rest : { ...rest, apiKeyFile: await keyFile(apiKey, keyDir) },
      );
    }
  }
}

async function keyFile(name: string, keyDir: string | undefined): Promise<string> {
  if (keyDir === undefined)
    throw new AttemptFault(
      "key-missing",
      `the study names the key ${name}, and this node has no REDLINE_KEY_DIR`,
    );
  const path = join(keyDir, name);
  await access(path, constants.R_OK).catch(() => {
    throw new AttemptFault("key-missing", `there is no readable key ${name} in this node's REDLINE_KEY_DIR`);
  });
  return path;
}
