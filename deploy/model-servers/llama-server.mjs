#!/usr/bin/env node
// @ts-check
import { baseOf, openAiReady } from "./launcher/kinds.mjs";
import { launch } from "./launcher/launch.mjs";
import { EXIT, LaunchError } from "./launcher/launch-error.mjs";

// llama.cpp's server on a GGUF. Of a split one name the first file.

const GGUF = { form: /** @type {const} */ ("gguf"), context: 32_768 };

await launch({
  file: "llama-server.mjs",
  title: "llama-server (llama.cpp)",
  port: 8080,
  weightsHelp: "GGUF file; of a split one the first (NAME-00001-of-0000N.gguf)",
  presets: {
    "qwen2.5-72b-instruct-q4_k_m": {
      ...GGUF,
      ...{ model: "Qwen/Qwen2.5-72B-Instruct-GGUF q4_k_m", bytes: 47.4e9, gpus: 1 },
      note: "4 bit; layers that no GPU has room for are computed on the CPU with -- --n-gpu-layers N",
    },
    "llama-3.1-70b-instruct-q4_k_m": {
      ...GGUF,
      ...{ model: "Meta-Llama-3.1-70B-Instruct Q4_K_M", bytes: 42.5e9, gpus: 1 },
      note: "4 bit; layers that no GPU has room for are computed on the CPU with -- --n-gpu-layers N",
    },
    "any-cpu": {
      ...GGUF,
      ...{ model: "any GGUF", bytes: 0, gpus: 0, context: 4096 },
      note: "whatever --weights names, without a GPU",
    },
  },
  plan(options, preset) {
    const place = options.weights;
    if (place === undefined)
      throw new LaunchError(
        EXIT.usage,
        `--weights FILE is missing: ${preset.model}; nothing is downloaded here`,
      );
    const modelName = options.name ?? options.preset;
    const base = baseOf(options);
    const gpus = options.gpus ?? preset.gpus;
    return {
      program: "llama-server",
      args: [
        ...["--model", place, "--alias", modelName],
        ...["--host", options.host, "--port", String(options.port)],
        ...["--ctx-size", String(options.context ?? preset.context), "--parallel", "1"],
        ...["--n-gpu-layers", gpus === 0 ? "0" : "999"],
        // Without it the model's own template, and with it tool calls, is not used.
        "--jinja",
        ...options.more,
      ],
      env: { LLAMA_OFFLINE: "1" },
      modelName,
      url: `${base}/v1`,
      weights: { form: preset.form, place, model: preset.model },
      ready: openAiReady(base, modelName),
    };
  },
});
