// @ts-check

/**
 * @typedef {object} Preset one model as one server takes it
 * @property {string} model where its weights are published, or its name in a store
 * @property {"hf" | "gguf" | "ollama"} form how its weights lie on disk
 * @property {number} bytes of all its weights, about
 * @property {number} gpus 0: none are needed
 * @property {number} context tokens
 * @property {string} [toolParser]
 * @property {string} note for people
 */

/**
 * @typedef {object} Plan what is started, and how one knows that it works
 * @property {string} program name on PATH, or a path
 * @property {string[]} args
 * @property {readonly string[]} [needs] files that must be there besides the program
 * @property {Record<string, string>} env added to the launcher's own
 * @property {string} modelName
 * @property {string} url base URL that a study's brain names
 * @property {{form: Preset["form"], place: string, model: string}} weights
 * @property {(ask: import("./health.mjs").Ask) => Promise<string | null>} ready null when it answers, else what is missing
 */

/**
 * @typedef {object} Kind a server program
 * @property {string} file of its launcher
 * @property {string} title
 * @property {number} port
 * @property {string} weightsHelp
 * @property {Readonly<Record<string, Preset>>} presets
 * @property {(options: import("./options.mjs").Options, preset: Preset) => Plan} plan
 */

/** Whether `/v1/models` names the model. @param {unknown} body @param {string} name */
export function namesModel(body, name) {
  if (typeof body !== "object" || body === null || !("data" in body) || !Array.isArray(body.data))
    return false;
  return body.data.some((entry) => typeof entry === "object" && entry !== null && entry.id === name);
}

/**
 * Ready by OpenAI's interface: `/health` is 200, and the model goes by its name.
 * @param {string} base @param {string} name @returns {Plan["ready"]}
 */
export const openAiReady = (base, name) => async (ask) => {
  const health = await ask(`${base}/health`);
  if (health.status !== 200) return `${base}/health answers ${health.status || health.error}`;
  const models = await ask(`${base}/v1/models`);
  if (models.status !== 200) return `${base}/v1/models answers ${models.status || models.error}`;
  return namesModel(models.body, name) ? null : `${base}/v1/models does not name ${name}`;
};

/** @param {{host: string, port: number}} options */
export const baseOf = ({ host, port }) => `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
