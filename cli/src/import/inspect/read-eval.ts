import { badFile } from "../bad-file.ts";
import type { ForeignLog, ForeignTrial } from "../foreign-log.ts";
import { parseJson } from "../parse-json.ts";
import type { SourceFile } from "../source-file.ts";
import { openZip, type Zip } from "../zip-members.ts";
import { noSamples, parseHeader, parseSample, sampleName } from "./read-inspect-json.ts";
import { readSample } from "./read-sample.ts";

const SAMPLE = /^samples\/(.{1,300})_epoch_(\d{1,6})\.json$/s;
/** Of a run that was ended before its header was written only this one is there. */
const HEADERS = ["header.json", "_journal/start.json"] as const;

/** Inspect's `.eval`: a zip whose members are read one at a time, so that memory holds one sample. */
export async function readEval(source: SourceFile): Promise<ForeignLog> {
  const { names, header } = await withZip(source, async (zip) => {
    const member = HEADERS.find((name) => zip.names.includes(name));
    if (member === undefined)
      throw badFile(source.name, "it is a zip without header.json", "give an .eval as Inspect wrote it");
    return { names: zip.names.filter((name) => SAMPLE.test(name)), header: await json(zip, member, source) };
  });
  if (names.length === 0) throw noSamples(source.name);
  // A log that was begun has its eval without version around it.
  const { eval: about } = parseHeader(header, source.name);
  return {
    format: "inspect",
    model: about.model ?? null,
    names: names.map((name) => {
      const [, id = "", epoch = "1"] = SAMPLE.exec(name) ?? [];
      return sampleName(id, Number(epoch));
    }),
    trials: () => samplesOf(source, names),
  };
}

async function* samplesOf(source: SourceFile, names: readonly string[]): AsyncIterable<ForeignTrial> {
  await using zip = await openZip(source);
  for (const name of names) yield readSample(parseSample(await json(zip, name, source), name, source.name));
}

async function withZip<T>(source: SourceFile, use: (zip: Zip) => Promise<T>): Promise<T> {
  await using zip = await openZip(source);
  return await use(zip);
}

async function json(zip: Zip, member: string, source: SourceFile): Promise<unknown> {
  return parseJson((await zip.read(member)).toString("utf8"), `${source.name}, member ${member}`);
}
