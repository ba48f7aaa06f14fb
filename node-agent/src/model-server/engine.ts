import { EXIT, ServerExit } from "./exit-codes.ts";
import { loadNativeAddon, type NativeAddon, type NativeContext, type NativeModel } from "./native-addon.ts";
import type { NativeSampler } from "./native-addon.ts";

const BATCH_TOKENS = 256;
const SEQUENCE = 0;

export interface TokenLogprob {
  readonly token: number;
  /** Natural logarithm of the model's own probability, before temperature. */
  readonly logprob: number;
}

export interface Step extends TokenLogprob {
  /** The most likely tokens at this place, best first; empty unless asked for. */
  readonly top: readonly TokenLogprob[];
}

export interface GenerateRequest {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** 0 is greedy: always the most likely token. */
  readonly temperature: number;
  /** 32 bits; only used above temperature 0. */
  readonly seed: number;
  readonly top: number;
}

export interface Engine extends AsyncDisposable {
  readonly contextTokens: number;
  /** With the begin token where the model wants one. */
  tokenize(text: string): number[];
  text(tokens: readonly number[]): string;
  /** Ends after `maxTokens`, at a full context, at an end token (not yielded), or when not read on. */
  generate(request: GenerateRequest): AsyncGenerator<Step, "stop" | "length">;
  /** What the model gives to each token of a text but the first, which has nothing before it. */
  score(tokens: readonly number[], top: number): Promise<Step[]>;
}

/**
 * One model, one context, one sequence on one CPU thread: the caller queues. No state is kept from
 * one request to the next, so the same request gives the same tokens. The weights stay mapped,
 * readable in `/proc/PID/maps`. Throws `ServerExit` (bad input) for weights that do not load.
 */
export async function loadEngine(weights: string, contextTokens: number): Promise<Engine> {
  const { addon, errors } = await loadNativeAddon();
  errors.length = 0;
  const broken = (cause?: unknown) => {
    const reason = errors[0] ?? (cause instanceof Error ? cause.message : "not a usable GGUF model");
    return new ServerExit(EXIT.badInput, `cannot load weights ${weights}: ${reason}`, { cause });
  };
  try {
    const model = new addon.AddonModel(weights, { addonExports: addon, gpuLayers: 0, useMmap: true });
    if (!(await model.init())) throw broken();
    const contextSize = Math.min(contextTokens, model.getTrainContextSize());
    const context = new addon.AddonContext(model, {
      contextSize,
      batchSize: BATCH_TOKENS,
      sequences: 1,
      threads: 1,
      flashAttention: false,
    });
    if (!(await context.init())) throw broken();
    return new LlamaEngine(addon, model, context, contextSize);
  } catch (error) {
    throw error instanceof ServerExit ? error : broken(error);
  }
}

class LlamaEngine implements Engine {
  readonly contextTokens: number;
  readonly #addon: NativeAddon;
  readonly #model: NativeModel;
  readonly #context: NativeContext;
  /** Greedy leaves logits as the model gave them, so its reports are the raw distribution. */
  readonly #greedy: NativeSampler;

  constructor(addon: NativeAddon, model: NativeModel, context: NativeContext, contextTokens: number) {
    this.#addon = addon;
    this.#model = model;
    this.#context = context;
    this.contextTokens = contextTokens;
    this.#greedy = new addon.AddonSampler(model);
    this.#greedy.applyConfig({ temperature: 0 });
  }

  tokenize(text: string): number[] {
    const tokens = this.#model.tokenize(text, true);
    return this.#model.shouldPrependBosToken() ? [this.#model.tokenBos(), ...tokens] : [...tokens];
  }

  text(tokens: readonly number[]): string {
    return tokens.length === 0 ? "" : this.#model.detokenize(Uint32Array.from(tokens));
  }

  async *generate(request: GenerateRequest): AsyncGenerator<Step, "stop" | "length"> {
    this.#context.disposeSequence(SEQUENCE);
    const sampler = request.temperature > 0 ? this.#sampler(request) : undefined;
    try {
      if (request.maxTokens < 1) return "length";
      let index = (await this.#decode(request.prompt, 0, "last")).at(-1);
      for (let made = 1; index !== undefined; made++) {
        const chosen = sampler === undefined ? undefined : (await this.#sample(index, sampler, [], 0)).token;
        const step = await this.#sample(
          index,
          this.#greedy,
          chosen === undefined ? [] : [chosen],
          request.top,
        );
        const picked = chosen === undefined ? step : { ...step, ...step.of(chosen) };
        if (this.#model.isEogToken(picked.token)) return "stop";
        yield { token: picked.token, logprob: picked.logprob, top: step.top };
        const position = request.prompt.length + made - 1;
        if (made === request.maxTokens || position >= this.contextTokens) break;
        index = (await this.#decode([picked.token], position, "last")).at(-1);
      }
      return "length";
    } finally {
      sampler?.dispose();
    }
  }

  async score(tokens: readonly number[], top: number): Promise<Step[]> {
    this.#context.disposeSequence(SEQUENCE);
    const steps: Step[] = [];
    for (let at = 0; at < tokens.length; at += BATCH_TOKENS) {
      const indexes = await this.#decode(tokens.slice(at, at + BATCH_TOKENS), at, "all");
      for (const [n, index] of indexes.entries()) {
        const next = tokens[at + n + 1];
        if (next === undefined) break;
        const step = await this.#sample(index, this.#greedy, [next], top);
        steps.push({ ...step.of(next), top: step.top });
      }
    }
    return steps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#greedy.dispose();
    await this.#context.dispose();
    await this.#model.dispose();
  }

  #sampler({ temperature, seed }: GenerateRequest): NativeSampler {
    const sampler = new this.#addon.AddonSampler(this.#model);
    sampler.applyConfig({ temperature, seed });
    return sampler;
  }

  /** Returns the batch places of the last batch whose logits can be sampled until the next decode. */
  async #decode(tokens: readonly number[], position: number, logits: "last" | "all"): Promise<Uint32Array> {
    let places = new Uint32Array();
    for (let at = 0; at < tokens.length; at += BATCH_TOKENS) {
      const batch = Uint32Array.from(tokens.slice(at, at + BATCH_TOKENS));
      const wanted = logits === "all" ? batch.map((_, n) => n) : Uint32Array.of(batch.length - 1);
      this.#context.initBatch(batch.length);
      places = Uint32Array.from(this.#context.addToBatch(SEQUENCE, position + at, batch, wanted));
      await this.#context.decodeBatch();
    }
    return places;
  }

  async #sample(index: number, sampler: NativeSampler, also: readonly number[], top: number) {
    // At least one of the best: the first is the highest logit, which the total refers to.
    const filter = [also, false, false, true, Math.max(1, top)] as const;
    const [token, , , pairs = [], total = 1] = await this.#context.sampleToken(
      index,
      sampler,
      false,
      false,
      filter,
      true,
    );
    if (token === -1) throw new Error("the model gave no token");
    const logits = new Map<number, number>();
    for (let n = 0; n + 1 < pairs.length; n += 2) logits.set(pairs[n] ?? -1, pairs[n + 1] ?? -Infinity);
    const highest = Math.max(...logits.values());
    const of = (wanted: number): TokenLogprob => ({
      token: wanted,
      logprob: (logits.get(wanted) ?? -Infinity) - highest - Math.log(total),
    });
    const best = [...logits].sort((a, b) => b[1] - a[1]).slice(0, top);
    return { ...of(token), of, top: best.map(([id]) => of(id)) };
  }
}
