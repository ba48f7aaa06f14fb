import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { BrainSpec, RunOrder, Shape } from "@redline/shared";
import type { Brain } from "../brains/brain.ts";
import { brainConfig, openBrain, type BrainConfig } from "../brains/brain-config.ts";
import { isAllowed } from "../brains/allowed-urls.ts";
import { AttemptFault } from "./attempt-fault.ts";

/**
 * The brain that an order names, as this node reaches it.
 * @param keyDir folder with the keys that studies may name.
 * @param allowed base URLs at which this node lets brains live; empty: on its own loopback.
 * @throws AttemptFault key-missing where this node lacks the key, brain-not-allowed where the study names another address.
 */
export async function openOrderedBrain(
  { brain, scenario }: Pick<RunOrder, "brain" | "scenario">,
  keyDir: string | undefined,
  allowed: readonly string[],
): Promise<Brain> {
  const url = addressOf(brain);
  if (url !== null && !isAllowed(url, allowed))
    throw new AttemptFault(
      "brain-not-allowed",
      `${url} is none of this node's REDLINE_BRAIN_URLS (${allowed.join(", ") || "loopback only"}); its operator may add it`,
    );
  return openBrain(await toBrainConfig(brain, scenario.shape, keyDir), {});
}

function addressOf(brain: BrainSpec): string | null {
  if (brain.provider === "ollama") return brain.host;
  return brain.provider === "openai" ? brain.baseUrl : null;
}

async function toBrainConfig(
  spec: BrainSpec,
  shape: Shape,
  keyDir: string | undefined,
): Promise<BrainConfig> {
  switch (spec.provider) {
    case "scripted":
      return brainConfig.parse({ provider: "scripted", behaviour: spec.behaviour, shape });
    case "ollama": {
      const { host, model, temperature, seed, maxTokens } = spec;
      const rest = { provider: spec.provider, model, temperature, seed, maxTokens };
      return brainConfig.parse({ ...rest, baseUrl: host });
    }
    case "openai": {
      const { apiKey, baseUrl, model, temperature, seed, maxTokens } = spec;
      const rest = { provider: spec.provider, baseUrl, model, temperature, seed, maxTokens };
      return brainConfig.parse(
        apiKey === undefined ? rest : { ...rest, apiKeyFile: await keyFile(apiKey, keyDir) },
      );
    }
    default:
      throw new AttemptFault("unexpected", `the provider ${spec.provider} is not there yet`);
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
