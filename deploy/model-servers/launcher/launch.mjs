// @ts-check
import { resolve } from "node:path";
import { checksOf } from "./checks.mjs";
import { EXIT, LaunchError } from "./launch-error.mjs";
import { writeManifest } from "./manifest.mjs";
import { optionsOf } from "./options.mjs";
import { serve } from "./serve.mjs";

/** A word as a shell takes it. @param {string} word */
const quoted = (word) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Runs a launcher's command line and ends the process with its exit code. @param {import("./kinds.mjs").Kind} kind */
export async function launch(kind) {
  try {
    process.exitCode = await run(kind, process.argv.slice(2));
  } catch (error) {
    const known = error instanceof LaunchError;
    const text =
      error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${kind.file}: ${text}\n`);
    process.exitCode = known ? error.code : 1;
  }
}

/** @param {import("./kinds.mjs").Kind} kind @param {readonly string[]} argv @returns {Promise<number>} */
async function run(kind, argv) {
  const options = optionsOf(argv, kind);
  const preset = kind.presets[options.preset];
  const plan = kind.plan(options, preset);
  const say = (/** @type {string} */ text, /** @type {object} */ data) =>
    process.stdout.write(`${options.json ? JSON.stringify(data) : text}\n`);
  const env = Object.entries(plan.env).map(([name, value]) => `${name}=${quoted(value)}`);
  const command = [...env, plan.program, ...plan.args.map(quoted)].join(" ");
  if (options.manifest !== undefined) {
    const path = resolve(options.manifest);
    await writeManifest(plan, path, (line) => say(line, { manifest: line }));
    say(`written: ${path}`, { written: path });
    return EXIT.done;
  }
  if (options.dryRun) {
    const gpus = options.gpus ?? preset.gpus;
    const checks = await checksOf(plan, preset, { ...options, gpus });
    const failed = checks.filter(({ state }) => state === "failed").length;
    const lines = checks.map(({ what, state, detail }) => `  ${state.padEnd(11)} ${what}: ${detail}`);
    const end = failed === 0 ? "nothing that was checked is in the way" : `${failed} checks failed`;
    say([command, `  (${preset.note})`, ...lines, end].join("\n"), {
      ...{
        command,
        program: plan.program,
        args: plan.args,
        env: plan.env,
        url: plan.url,
        model: plan.modelName,
      },
      ...{ checks, failed },
    });
    return failed === 0 ? EXIT.done : EXIT.checkFailed;
  }
  process.stderr.write(`${command}\n`);
  return serve(plan, options, (seconds) =>
    say(`ready: ${plan.url} serves ${plan.modelName} after ${seconds.toFixed(1)} s`, {
      ready: true,
      url: plan.url,
      model: plan.modelName,
      seconds: Math.round(seconds * 10) / 10,
    }),
  );
}
