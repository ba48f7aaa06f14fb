import { badFile } from "./bad-file.ts";
import { formatOfJson, kindOf, looksLikePaperLog } from "./detect-format.ts";
import { FORMATS, type ForeignLog, type Format } from "./foreign-log.ts";
import { readEval } from "./inspect/read-eval.ts";
import { readInspectJson } from "./inspect/read-inspect-json.ts";
import { readPaperLog } from "./paper-log/read-paper-log.ts";
import { parseJson } from "./parse-json.ts";
import { readText, type SourceFile } from "./source-file.ts";
import { readSweAgent } from "./swe-agent/read-swe-agent.ts";

const TOO_LARGE: Readonly<Record<"json" | "text", string>> = {
  json: "an Inspect log of that size: `inspect log convert --to eval`, whose samples are read one at a time",
  text: "cut the text into one file a run",
};

/**
 * The log in a file. Its format is found from its content; `asked` must agree with that.
 * @throws CliError for a file that is none of the known formats, or not whole.
 */
export async function openLog(source: SourceFile, asked: Format | null): Promise<ForeignLog> {
  const kind = kindOf(source);
  const agreed = (found: Format) => {
    if (asked !== null && asked !== found)
      throw badFile(source.name, `it is a log of the format ${found}`, `--format ${found}, or leave it out`);
  };
  if (kind === "zip") {
    agreed("inspect");
    return readEval(source);
  }
  const text = await readText(source, TOO_LARGE[kind]);
  if (kind === "json") {
    const value = parseJson(text, source.name);
    const found = formatOfJson(value);
    if (found === null) throw unknown(source.name);
    agreed(found);
    return found === "inspect" ? readInspectJson(value, source.name) : readSweAgent(value, source.name);
  }
  if (!looksLikePaperLog(text)) throw unknown(source.name);
  agreed("paper-log");
  return readPaperLog(text, source.name);
}

const unknown = (name: string) =>
  badFile(
    name,
    "it is no log of a known format",
    `the formats are ${FORMATS.join(", ")}: text of "Round N" blocks from pdftotext -layout, Inspect's .json or .eval, SWE-agent's .traj`,
  );
