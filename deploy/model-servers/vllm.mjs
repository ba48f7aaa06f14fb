#!/usr/bin/env node
// @ts-check
import { baseOf, openAiReady } from "./launcher/kinds.mjs";
import { launch } from "./launcher/launch.mjs";
import { EXIT, LaunchError } from "./launcher/launch-error.mjs";

// vLLM on a folder of safetensors. Presets are data: to add a model, add a row.

const QWEN = { form: /** @type {const} */ ("hf"), context: 32_768, toolParser: "hermes" };
const LLAMA = { form: /** @type {const} */ ("hf"), context: 32_768, toolParser: "llama3_json" };

await launch({
  file: "vllm.mjs",
  title: "vLLM",
  port: 8000,
  weightsHelp: "folder with config.json, tokenizer and safetensors",
  presets: {
    "qwen2.5-72b-instruct": {
      ...QWEN,
      ...{ model: "Qwen/Qwen2.5-72B-Instruct", bytes: 145.4e9, gpus: 8 },
      note: "BF16 on 8 GPUs",
    },
    "qwen2.5-72b-instruct-awq": {
      ...QWEN,
      ...{ model: "Qwen/Qwen2.5-72B-Instruct-AWQ", bytes: 41.6e9, gpus: 2 },
      note: "INT4 (AWQ) on 2 GPUs",
    },
    "qwen2.5-72b-instruct-gptq-int4": {
      ...QWEN,
      ...{ model: "Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4", bytes: 41.6e9, gpus: 2 },
      note: "INT4 (GPTQ) on 2 GPUs",
    },
    "llama-3.1-70b-instruct": {
      ...LLAMA,
      ...{ model: "meta-llama/Llama-3.1-70B-Instruct", bytes: 141.1e9, gpus: 8 },
      note: "BF16 on 8 GPUs",
    },
    "llama-3.1-70b-instruct-awq-int4": {
      ...LLAMA,
      ...{ model: "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4", bytes: 39.8e9, gpus: 2 },
      note: "INT4 (AWQ) on 2 GPUs",
    },
    "llama-3.1-70b-instruct-gptq-int4": {
      ...LLAMA,
      ...{ model: "hugging-quants/Meta-Llama-3.1-70B-Instruct-GPTQ-INT4", bytes: 39.8e9, gpus: 2 },
      note: "INT4 (GPTQ) on 2 GPUs",
    },
  },
  plan(options, preset) {
    const place = options.weights;
    if (place === undefined)
      throw new LaunchError(
        EXIT.usage,
        `--weights DIR is missing: the folder with ${preset.model}; nothing is downloaded here`,
      );
    const modelName = options.name ?? options.preset;
    const base = baseOf(options);
    return {
      program: "vllm",
      args: [
        ...["serve", place, "--served-model-name", modelName],
        ...["--host", options.host, "--port", String(options.port)],
        ...["--tensor-parallel-size", String(Math.max(1, options.gpus ?? preset.gpus))],
        ...["--max-model-len", String(options.context ?? preset.context)],
        ...["--seed", "0"],
        ...["--enable-auto-tool-choice", "--tool-call-parser", preset.toolParser ?? "hermes"],
        ...options.more,
      ],
      // What is not in the folder must not be fetched in its place, and nobody is told of the run.
      env: { HF_HUB_OFFLINE: "1", TRANSFORMERS_OFFLINE: "1", VLLM_NO_USAGE_STATS: "1", DO_NOT_TRACK: "1" },
      modelName,
      url: `${base}/v1`,
      weights: { form: preset.form, place, model: preset.model },
      ready: openAiReady(base, modelName),
    };
  },
});
