import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { BrainSpec, RunOrder } from "@redline/shared";
import type { Brain } from "../brains/brain.ts";
import { brainConfig, openBrain, type BrainConfig, type BrainSurroundings } from "../brains/brain-config.ts";
import { isAllowed } from "../brains/allowed-urls.ts";
import { AttemptFault } from "./attempt-fault.ts";

/** What brains need that live on this machine. */
export interface BrainWays extends BrainSurroundings {
  /** `weights`: the specimen's first file of weights, as it lies on this node. */
  readonly weightsFile?: string | undefined;
}

/**
 * The brain that an order names, as this node reaches it; temperature and seed of the order's scaffold go over the brain's own. What
 * the brain holds ends with `ways.signal` or its own `close`.
 * @param keyDir folder with the keys that studies may name.
 * @param allowed base URLs at which this node lets brains live; empty: on its own loopback.
 * @throws AttemptFault key-missing where this node lacks the key, brain-not-allowed where the study names another address,
 *   specimen-missing where there are no weights to load.
 */
export async function openOrderedBrain(
  order: Pick<RunOrder, "brain" | "brainName" | "scaffold" | "scenario">,
  keyDir: string | undefined,
  allowed: readonly string[],
  ways: BrainWays = {},
): Promise<Brain> {
  const url = addressOf(order.brain);
  if (url !== null && !isAllowed(url, allowed))
    throw new AttemptFault(
      "brain-not-allowed",
      `${url} is none of this node's REDLINE_BRAIN_URLS (${allowed.join(", ") || "loopback only"}); its operator may add it`,
    );
  return openBrain(await toBrainConfig(order, keyDir, ways), {}, ways);
}

function addressOf(brain: BrainSpec): string | null {
  if (brain.provider === "ollama") return brain.host;
  return brain.provider === "openai" ? brain.baseUrl : null;
}

async function toBrainConfig(
  order: Pick<RunOrder, "brain" | "brainName" | "scaffold" | "scenario">,
  keyDir: string | undefined,
  ways: BrainWays,
): Promise<BrainConfig> {
  const { brain: spec, scaffold } = order;
  switch (spec.provider) {
    case "scripted": {
      const { shape } = order.scenario;
      const { provider, behaviour } = spec;
      return brainConfig.parse({ provider, behaviour, shape, scaffold: scaffold.kind });
    }
    case "ollama":
      return brainConfig.parse({ ...model(spec, order), baseUrl: spec.host, model: spec.model });
    case "openai": {
      const { apiKey, baseUrl } = spec;
      const rest = { ...model(spec, order), baseUrl, model: spec.model };
      return brainConfig.parse(
        apiKey === undefined ? rest : { ...rest, apiKeyFile: await keyFile(apiKey, keyDir) },
      );
    }
    case "self":
      return brainConfig.parse(model(spec, order));
    case "weights": {
      if (ways.weightsFile === undefined)
        throw new AttemptFault(
          "specimen-missing",
          "the specimen has no file of weights that could be loaded",
        );
      const { contextTokens } = spec;
      return brainConfig.parse({ ...model(spec, order), file: ways.weightsFile, contextTokens });
    }
    case "recorded":
      return brainConfig.parse({
        ...{ provider: spec.provider, name: order.brainName },
        replies: spec.replies ?? [],
      });
  }
}

/** What every model, wherever it lives, is told. */
function model(
  spec: Exclude<BrainSpec, { provider: "scripted" | "recorded" }>,
  { scaffold }: Pick<RunOrder, "scaffold">,
) {
  const { provider, maxTokens, overflow } = spec;
  const temperature = scaffold.temperature ?? spec.temperature;
  const seed = scaffold.seed ?? spec.seed;
  return { provider, temperature, seed, maxTokens, overflow };
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
