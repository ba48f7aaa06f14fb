#!/usr/bin/env node
// @ts-check
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseOf, openAiReady } from "./launcher/kinds.mjs";
import { launch } from "./launcher/launch.mjs";

// Redline's own small model server: the tiny specimen's weights, or any GGUF that a CPU can bear.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SERVER = join(ROOT, "node-agent/dist/model-server/main.js");
const CPU = { form: /** @type {const} */ ("gguf"), gpus: 0, context: 4096 };

await launch({
  file: "small.mjs",
  title: "the built-in small model server",
  port: 8760,
  weightsHelp: "GGUF file (tiny: studies/specimens/tiny/weights/tiny.gguf)",
  presets: {
    tiny: {
      ...CPU,
      ...{ model: "tiny", bytes: 4e6 },
      note: "random weights; `redline specimen weights studies/specimens/tiny`",
    },
    any: { ...CPU, ...{ model: "any GGUF", bytes: 0 }, note: "whatever --weights names" },
  },
  plan(options, preset) {
    const place = options.weights ?? join(ROOT, "studies/specimens/tiny/weights/tiny.gguf");
    const modelName = options.name ?? options.preset;
    const base = baseOf(options);
    return {
      program: process.execPath,
      args: [
        SERVER,
        ...["--weights", place, "--name", modelName],
        ...["--host", options.host, "--port", String(options.port)],
        ...["--context", String(options.context ?? preset.context)],
        ...options.more,
      ],
      needs: [SERVER],
      env: {},
      modelName,
      url: `${base}/v1`,
      weights: { form: preset.form, place, model: preset.model },
      ready: openAiReady(base, modelName),
    };
  },
});
