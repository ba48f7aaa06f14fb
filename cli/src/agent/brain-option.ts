import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { brainSchema, recordedReplySchema, scriptedBehaviourSchema, type BrainSpec } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** Who answers the agent, as `--brain` says it. */
export interface ChosenBrain {
  readonly spec: BrainSpec;
  /** Where it is asked over a network; null for a brain that needs none. */
  readonly url: string | null;
  /** Folder with its API key. */
  readonly keyDir: string | undefined;
}

const FORMS = "scripted:BEHAVIOUR | weights | self | openai:URL,MODEL | ollama:URL,MODEL | recorded:FILE";
const MOST_TRANSCRIPT_BYTES = 64 * 1_048_576;

/** @throws CliError naming what is wrong with it. */
export async function readBrainOption(
  text: string,
  { cwd, keyFile }: { readonly cwd: string; readonly keyFile: string | undefined },
): Promise<ChosenBrain> {
  const wrong = (why: string) =>
    new CliError(EXIT.usage, `--brain ${text}: ${why}`, { remedy: `--brain ${FORMS}` });
  const at = text.indexOf(":");
  const kind = at === -1 ? text : text.slice(0, at);
  const rest = at === -1 ? "" : text.slice(at + 1);
  if (keyFile !== undefined && kind !== "openai")
    throw new CliError(EXIT.usage, "--key-file is for --brain openai:URL,MODEL");
  const made = (spec: unknown, url: string | null = null, keyDir?: string): ChosenBrain => {
    const parsed = brainSchema.safeParse(spec);
    if (parsed.success) return { spec: parsed.data, url, keyDir };
    const [issue] = parsed.error.issues;
    throw wrong(`${issue?.path.join(".") ?? ""} ${issue?.message ?? "not understood"}`.trim());
  };
  switch (kind) {
    case "scripted":
      if (!scriptedBehaviourSchema.safeParse(rest).success)
        throw wrong(`behaviours are: ${scriptedBehaviourSchema.options.join(", ")}`);
      return made({ provider: kind, behaviour: rest });
    case "weights":
    case "self":
      if (rest !== "") throw wrong("takes nothing after its name");
      return made({ provider: kind });
    case "recorded": {
      if (rest === "") throw wrong("which file?");
      return made({
        provider: kind,
        transcript: rest,
        replies: await readReplies(resolve(cwd, rest), wrong),
      });
    }
    case "openai":
    case "ollama": {
      const { url, model } = /^(?<url>[^,\s]+),(?<model>\S+)$/.exec(rest)?.groups ?? {};
      if (url === undefined || model === undefined) throw wrong("expected URL,MODEL");
      if (kind === "ollama") return made({ provider: kind, host: url, model }, url);
      const key = keyFile === undefined ? undefined : resolve(cwd, keyFile);
      return made(
        { provider: kind, baseUrl: url, model, ...(key === undefined ? {} : { apiKey: basename(key) }) },
        url,
        key === undefined ? undefined : dirname(key),
      );
    }
    default:
      throw wrong("is no kind of brain");
  }
}

/** One answer a line. */
async function readReplies(path: string, wrong: (why: string) => CliError) {
  const facts = await stat(path).catch(() => null);
  if (facts?.isFile() !== true) throw wrong("there is no such file");
  if (facts.size > MOST_TRANSCRIPT_BYTES) throw wrong(`has more than ${MOST_TRANSCRIPT_BYTES} bytes`);
  const text = await readFile(path, "utf8");
  return text
    .split("\n")
    .map((line, n) => ({ line, number: n + 1 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => {
      try {
        return recordedReplySchema.parse(JSON.parse(line));
      } catch {
        throw wrong(`line ${number} is no recorded answer`);
      }
    });
}
