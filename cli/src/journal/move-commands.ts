import { resolve } from "node:path";
import { studyIdSchema, terminalLine, type StudyId } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { exportJournal } from "./export-file.ts";
import { journalSource } from "./journal-source.ts";
import { checkExport } from "./read-export.ts";
import { restoreJournal } from "./restore-journal.ts";
import { sendStudy } from "./send-study.ts";

type Options = SourceOptions & { readonly json: boolean };
type Signed = Options & { readonly why: string };
const signed = ({ why }: Signed) => ({ who: orderedBy(), why: why.slice(0, 300) });

/** `redline journal export OUT`: the journal up to now, or one study of it, while it is being written. */
export async function journalExport(
  { terminal: { out, err }, cwd, version, self }: Context,
  file: string,
  options: Options & { readonly study?: string | undefined; readonly objects: boolean },
): Promise<ExitCode> {
  const path = resolve(cwd, file);
  const manifest = await exportJournal(await journalSource(options, cwd), path, {
    study: options.study === undefined ? null : idOf(options.study),
    objects: options.objects,
    version,
    now: new Date(),
    onProgress: (text) => err.line(text),
  });
  const { records, files, head, lab } = manifest;
  const objects = files.filter(({ name }) => name.startsWith("objects/")).length;
  if (options.json) {
    const { of, study } = manifest;
    out.line(safeJson({ as_of: manifest.at, file: path, of, study, lab, records, objects, head }, 2));
    return EXIT.done;
  }
  out.line(`${terminalLine(path, 500)}: ${records} records and ${objects} objects, up to record ${head.seq}`);
  out.line(`  of the lab whose coordinator's key is sha256:${lab}`);
  out.line(`  check it anywhere with: ${self} journal verify FILE`);
  return EXIT.done;
}

/** `redline journal import FILE`: into an empty state folder, or a study into a running lab. */
export async function journalImport(
  { terminal: { out, err }, cwd, self }: Context,
  file: string,
  options: Signed & { readonly into?: string | undefined },
): Promise<ExitCode> {
  const path = resolve(cwd, file);
  const checked = await checkExport(path);
  const { manifest } = checked;
  const into = options.into === undefined ? null : resolve(cwd, options.into);
  if (into !== null && manifest.of === "study")
    throw new CliError(EXIT.usage, `${path} is the export of one study: it goes into a running lab`, {
      remedy: `${self} journal import FILE --url URL`,
    });
  if (into === null && manifest.of === "journal")
    throw new CliError(EXIT.usage, `${path} is the export of a whole journal: it is restored into a folder`, {
      remedy: `${self} journal import FILE --into FOLDER, or export one study with --study ID`,
    });
  if (into !== null) {
    await restoreJournal(path, into);
    const done = `restored ${manifest.records} records and ${checked.objects} objects into ${into}`;
    if (options.json)
      out.line(
        safeJson(
          { as_of: new Date().toISOString(), into, records: manifest.records, objects: checked.objects },
          2,
        ),
      );
    else {
      out.line(terminalLine(done, 600));
      out.line("  start a coordinator with REDLINE_STATE_DIR set to that folder;");
      out.line("  put the old coordinator-key.pem there first, else it makes a new key that no node knows");
    }
    return EXIT.done;
  }
  const client = await liveClient(options, cwd);
  const outcome = await sendStudy(client, path, checked, signed(options), (text) => err.line(text));
  if (options.json)
    out.line(safeJson({ as_of: new Date().toISOString(), study: manifest.study, outcome }, 2));
  else out.line(terminalLine(outcome, 600));
  return EXIT.done;
}

/** `redline study move-out ID` */
export async function studyMoveOut(
  { terminal: { out }, cwd, self }: Context,
  id: string,
  options: Signed,
): Promise<ExitCode> {
  const moved = await (await liveClient(options, cwd)).moveOut(idOf(id), signed(options));
  if (options.json) out.line(safeJson({ as_of: new Date().toISOString(), ...moved }, 2));
  else {
    out.line(`${moved.study} is over here: ${moved.cancelledTrials} trials go on elsewhere`);
    out.line(`  now: ${self} journal export FILE --study ${moved.study}, and import FILE in the other lab`);
    if (moved.silent.length > 0)
      out.line(
        `  no answer yet from ${terminalLine(moved.silent.join(", "), 300)}: cells there end without the pulse`,
      );
  }
  return moved.silent.length === 0 ? EXIT.done : EXIT.notSterile;
}

/** `redline journal prune --study ID` */
export async function journalPrune(
  { terminal: { out }, cwd }: Context,
  options: Signed & { readonly study: string },
): Promise<ExitCode> {
  const client = await liveClient(options, cwd);
  const { study, count, bytes } = await client.prune(idOf(options.study), signed(options));
  if (options.json) out.line(safeJson({ as_of: new Date().toISOString(), study, count, bytes }, 2));
  else out.line(`${study}: ${count} objects removed, ${bytes} bytes; records and verdicts stay`);
  return EXIT.done;
}

function idOf(text: string): StudyId {
  const id = studyIdSchema.safeParse(text);
  if (id.success) return id.data;
  throw new CliError(EXIT.usage, `${terminalLine(text, 100)} is no id of a study`, {
    remedy: "redline trial list shows trials: a study's id is a trial's without its number",
  });
}
