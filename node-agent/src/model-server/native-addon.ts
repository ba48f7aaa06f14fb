import { createRequire } from "node:module";
import path from "node:path";

/*
 * The native binding inside node-llama-cpp, without its JavaScript. Measured on two cores: importing
 * the package takes 280 ms and `getLlama` another 360 ms (it forks a process that tests the binary);
 * the binding alone is ready in 25 ms, and a trial starts many model servers. The price is that
 * these shapes are not public API: they are those of node-llama-cpp 3.22
 * (`dist/bindings/AddonTypes.d.ts`), checked at load, and `engine.test.ts` compares the tokens with
 * those of the public API.
 */

export interface NativeModel {
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  /** Without the begin token. */
  tokenize(text: string, specialTokens: boolean): Uint32Array;
  detokenize(tokens: Uint32Array, specialTokens?: boolean): string;
  getTrainContextSize(): number;
  tokenBos(): number;
  isEogToken(token: number): boolean;
  shouldPrependBosToken(): boolean;
}

export interface NativeSampler {
  dispose(): void;
  applyConfig(config: { temperature: number; seed?: number }): void;
}

/** Logits to report: [of these tokens, highest, lowest, of the sampled token, of the best n]. */
export type LogitFilter = readonly [readonly number[], boolean, boolean, boolean, number];

export interface NativeContext {
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  initBatch(size: number): void;
  /** `logitIndexes` count from the first of `tokens`; returns their places in the batch. */
  addToBatch(sequence: number, position: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  disposeSequence(sequence: number): void;
  /** Tokens and logits alternate; `total` is the sum of exp(logit - highest logit). */
  sampleToken(
    batchIndex: number,
    sampler: NativeSampler,
    probabilities: boolean,
    confidence: boolean,
    logits: LogitFilter,
    totalLogitWeight: boolean,
  ): Promise<readonly [number, unknown, unknown, readonly number[] | undefined, number | undefined]>;
}

export interface NativeAddon {
  AddonModel: new (
    file: string,
    params: { addonExports: NativeAddon; gpuLayers: 0; useMmap: boolean },
  ) => NativeModel;
  AddonContext: new (
    model: NativeModel,
    params: {
      contextSize: number;
      batchSize: number;
      sequences: number;
      threads: number;
      flashAttention: boolean;
    },
  ) => NativeContext;
  AddonSampler: new (model: NativeModel) => NativeSampler;
  setLogger(log: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(folder?: string): void;
  /** Undefined while no backend is loaded; false for CPU. */
  getGpuType(): string | false | undefined;
  init(): Promise<void>;
}

const NEEDED = [
  "AddonModel",
  "AddonContext",
  "AddonSampler",
  "setLogger",
  "setLoggerLogLevel",
  "loadBackends",
  "getGpuType",
  "init",
] as const;

export interface LoadedAddon {
  readonly addon: NativeAddon;
  /** The last error lines of the engine, for the message of what failed next. */
  readonly errors: string[];
}

let loaded: Promise<LoadedAddon> | undefined;

/**
 * Loads the prebuilt CPU binding of this platform, once a process: its logger and backends are global. Nothing
 * is built, downloaded or written. Rejects where node-llama-cpp is missing or has another shape.
 */
export function loadNativeAddon(): Promise<LoadedAddon> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedAddon> {
  const require = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const bins = path.join(
    path.dirname(require.resolve(`@node-llama-cpp/${platform}`)),
    "..",
    "bins",
    platform,
  );
  const addon: unknown = require(path.join(bins, "llama-addon.node"));
  if (!isNativeAddon(addon)) throw new Error("this version of node-llama-cpp has another native interface");
  const errors: string[] = [];
  addon.setLogger((_level, message) => {
    errors.push(message.trim());
    if (errors.length > KEPT_ERRORS) errors.shift();
  });
  addon.setLoggerLogLevel(LOG_ERRORS);
  addon.loadBackends();
  if (addon.getGpuType() === undefined) addon.loadBackends(bins);
  await addon.init();
  return { addon, errors };
}

const KEPT_ERRORS = 20;
const LOG_ERRORS = 2;

function isNativeAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === "object" &&
    value !== null &&
    NEEDED.every((name) => typeof Reflect.get(value, name) === "function")
  );
}
