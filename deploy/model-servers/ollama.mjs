#!/usr/bin/env node
// @ts-check
import { homedir } from "node:os";
import { join } from "node:path";
import { baseOf } from "./launcher/kinds.mjs";
import { launch } from "./launcher/launch.mjs";
import { EXIT, LaunchError } from "./launcher/launch-error.mjs";

// Ollama on a store that has the model already. Ready means that the model is loaded, and stays so.

const STORE = { form: /** @type {const} */ ("ollama"), context: 32_768, gpus: 1 };
/** Loading may take as long as reading the weights does; the launcher's own limit ends the wait before that. */
const LOAD_MS = 3_600_000;

await launch({
  file: "ollama.mjs",
  title: "Ollama",
  port: 11_434,
  weightsHelp: "Ollama's store (OLLAMA_MODELS, else ~/.ollama/models)",
  presets: {
    "qwen2.5-72b-instruct-q4_k_m": {
      ...STORE,
      ...{ model: "qwen2.5:72b-instruct-q4_K_M", bytes: 47.4e9 },
      note: "4 bit; ollama pull qwen2.5:72b-instruct-q4_K_M beforehand",
    },
    "llama-3.1-70b-instruct-q4_k_m": {
      ...STORE,
      ...{ model: "llama3.1:70b-instruct-q4_K_M", bytes: 42.5e9 },
      note: "4 bit; ollama pull llama3.1:70b-instruct-q4_K_M beforehand",
    },
    "any-cpu": {
      ...STORE,
      ...{ model: "", bytes: 0, gpus: 0, context: 4096 },
      note: "the model that --name says, without a GPU",
    },
  },
  plan(options, preset) {
    const place = options.weights ?? process.env["OLLAMA_MODELS"] ?? join(homedir(), ".ollama/models");
    const modelName = options.name ?? preset.model;
    if (modelName === "")
      throw new LaunchError(EXIT.usage, "--name MODEL is missing: the model as `ollama list` has it");
    const base = baseOf(options);
    return {
      program: "ollama",
      args: ["serve", ...options.more],
      env: {
        OLLAMA_HOST: `${options.host}:${options.port}`,
        OLLAMA_MODELS: place,
        OLLAMA_KEEP_ALIVE: "-1",
        OLLAMA_NUM_PARALLEL: "1",
        OLLAMA_MAX_LOADED_MODELS: "1",
        OLLAMA_CONTEXT_LENGTH: String(options.context ?? preset.context),
        // Blobs of other models are none of this launcher's business.
        OLLAMA_NOPRUNE: "1",
        // An id that no GPU has: Ollama's own way to keep to the CPU.
        ...((options.gpus ?? preset.gpus) === 0 ? { CUDA_VISIBLE_DEVICES: "-1" } : {}),
      },
      modelName,
      url: base,
      weights: { form: preset.form, place, model: modelName },
      async ready(ask) {
        const version = await ask(`${base}/api/version`);
        if (version.status !== 200) return `${base}/api/version answers ${version.status || version.error}`;
        const loaded = await ask(`${base}/api/generate`, {
          body: { model: modelName, stream: false, keep_alive: -1 },
          timeoutMs: LOAD_MS,
        });
        return loaded.status === 200 ? null : `loading ${modelName} answers ${loaded.status || loaded.error}`;
      },
    };
  },
});
