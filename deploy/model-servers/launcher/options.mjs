// @ts-check
import { parseArgs } from "node:util";
import { EXIT, LaunchError } from "./launch-error.mjs";

/**
 * @typedef {object} Options
 * @property {string} preset name of one of the kind's presets
 * @property {string | undefined} weights folder, file or store of the weights
 * @property {string | undefined} name what the server calls the model
 * @property {string} host
 * @property {number} port
 * @property {number | undefined} gpus
 * @property {number | undefined} context tokens
 * @property {number} waitS
 * @property {boolean} dryRun
 * @property {string | undefined} manifest
 * @property {boolean} json
 * @property {string[]} more words after `--`, passed on to the server as they are
 */

const LOOPBACK = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;

/**
 * @param {readonly string[]} argv
 * @param {import("./kinds.mjs").Kind} kind
 * @returns {Options}
 */
export function optionsOf(argv, kind) {
  const cut = argv.indexOf("--");
  const own = cut === -1 ? argv : argv.slice(0, cut);
  const { values, positionals } = parsed(own, kind);
  const refuse = (/** @type {string} */ what) => {
    throw new LaunchError(EXIT.usage, `${what}\n\n${usageOf(kind)}`);
  };
  if (values.help) refuse(`launches ${kind.title}`);
  const [preset, ...rest] = positionals;
  const known = Object.keys(kind.presets);
  if (preset === undefined) return refuse(`name a preset: ${known.join(", ")}`);
  if (rest.length > 0) return refuse(`one preset only, not also ${rest.join(" ")}`);
  if (!known.includes(preset))
    return refuse(`there is no preset ${preset}; the presets are ${known.join(", ")}`);
  const host = values.host ?? "127.0.0.1";
  if (!LOOPBACK.test(host) && !values["allow-remote"])
    return refuse(
      `--host ${host} is not loopback, and these servers ask nobody for a key: add --allow-remote if that is meant`,
    );
  const number = (
    /** @type {"port" | "gpus" | "context" | "wait"} */ flag,
    /** @type {number} */ least,
    /** @type {number} */ most,
  ) => {
    const text = values[flag];
    if (text === undefined) return undefined;
    const value = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      refuse(`--${flag} must be a whole number from ${least} to ${most}`);
    return value;
  };
  return {
    preset,
    weights: values.weights,
    name: values.name,
    host,
    port: number("port", 1, 65_535) ?? kind.port,
    gpus: number("gpus", 0, 64),
    context: number("context", 64, 1_048_576),
    waitS: number("wait", 1, 86_400) ?? 1800,
    dryRun: values["dry-run"] ?? false,
    manifest: values.manifest,
    json: values.json ?? false,
    more: cut === -1 ? [] : argv.slice(cut + 1),
  };
}

/** @param {readonly string[]} args @param {import("./kinds.mjs").Kind} kind */
function parsed(args, kind) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean" });
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ weights: text, name: text, host: text, port: text, gpus: text, context: text, wait: text },
        ...{ manifest: text, "dry-run": flag, json: flag, "allow-remote": flag, help: flag },
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LaunchError(EXIT.usage, `${why}\n\n${usageOf(kind)}`);
  }
}

/** @param {import("./kinds.mjs").Kind} kind */
export const usageOf = (
  kind,
) => `usage: node deploy/model-servers/${kind.file} PRESET [options] [-- words for the server]
  --weights PATH      ${kind.weightsHelp}
  --dry-run           print the command, check what can be checked, start nothing
  --manifest FILE     write the digests of the weights, start nothing
  --host H --port N   where it listens (127.0.0.1, ${kind.port}); --allow-remote for more than loopback
  --gpus N            in place of the preset's
  --context TOKENS    in place of the preset's
  --name NAME         what the server calls the model
  --wait SECONDS      until it must answer (1800)
  --json              lines for programs on stdout
presets: ${Object.keys(kind.presets).join(", ")}`;
