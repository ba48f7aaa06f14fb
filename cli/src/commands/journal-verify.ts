import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { AttemptChecks } from "../journal/attempt-checks.ts";
import { fileSource, journalSource } from "../journal/journal-source.ts";
import { checkObjects, type ObjectReport } from "../journal/object-checks.ts";
import { checkExport } from "../journal/read-export.ts";
import { addressOf, type SourceOptions } from "../source/choose-source.ts";
import { latestStateDir, runningLab } from "../source/state-folder.ts";
import { HeldLines } from "../source/held-lines.ts";
import { listed } from "../source/record-checks.ts";
import { JournalVerifier, type ChainReport, type VerdictReport } from "../source/verify-journal.ts";
import { safeJson } from "../terminal/safe-json.ts";

type VerifyOptions = SourceOptions & {
  readonly json: boolean;
  /** An export, or a journal's file. */
  readonly path?: string | undefined;
  readonly live: boolean;
  readonly objects: boolean;
};

/**
 * `redline journal verify`: the coordinator's chain, inside it the chain of every node, the chain of every attempt, the
 * verdicts recomputed from the evidence, the digests of objects, and, from a state folder, the nodes' own journals against what the coordinator holds of them.
 */
export async function journalVerify(
  { terminal: { out }, cwd }: Context,
  options: VerifyOptions,
): Promise<ExitCode> {
  const file = options.path === undefined ? null : resolve(cwd, options.path);
  if (file !== null && (await isExport(file))) return verifyExport({ out }, file, options);
  const { source, torn, chains, verdicts, attempts, objects, empty } = await verified(options, cwd, file);
  const ok =
    !empty &&
    verdicts.ok &&
    chains.every((chain) => chain.ok) &&
    attempts.bad === null &&
    objects?.ok !== false;
  if (options.json)
    out.line(
      safeJson(
        {
          as_of: new Date().toISOString(),
          source,
          ok,
          empty,
          torn: torn !== "",
          chains,
          verdicts,
          attempts,
          objects,
        },
        2,
      ),
    );
  else {
    out.line(`journal ${terminalLine(source, 500)}`);
    if (!empty) {
      for (const chain of chains) out.line(`  ${chainText(chain)}`);
      out.line(`  ${attemptText(attempts)}`);
      out.line(`  ${verdictText(verdicts)}`);
      if (objects !== null) out.line(`  ${objectText(objects)}`);
    }
    if (torn !== "")
      out.line(
        `  the last line is not whole (${torn.length} characters): a write was under way or was cut off; it counts for nothing`,
      );
    if (empty) out.line(out.paint.bad("empty: nothing to verify"));
    else out.line(ok ? out.paint.good("verified") : out.paint.bad("NOT verified"));
  }
  return ok ? EXIT.done : EXIT.unexpected;
}

function chainText(chain: ChainReport): string {
  const name = terminalLine(chain.name);
  if (!chain.ok) return `${name}: broken at ${terminalLine(chain.at)}: ${terminalLine(chain.why)}`;
  const held = chain.held === undefined ? "" : `, the ${chain.held} that the coordinator holds are the same`;
  return `${name}: ${chain.records} records, head ${chain.head}${held}`;
}

const verdictText = ({ ok, checked, different }: VerdictReport) =>
  ok
    ? `verdicts: ${checked} recomputed from the evidence, all the same`
    : `verdicts: ${checked} recomputed from the evidence, which gives others for ${terminalLine(listed(different), 2000)}`;

const attemptText = ({ chains, bad }: AttemptReport) =>
  bad === null
    ? `attempts: ${chains} chains of their own, all whole`
    : `attempts: broken at ${bad.at}: ${terminalLine(bad.why)}${bad.more > 0 ? ` (and at ${bad.more} more)` : ""}`;

const objectText = ({ named, there, removed, missing, wrong }: ObjectReport) => {
  const rest = [
    `${there} there`,
    ...(removed > 0 ? [`${removed} removed by order`] : []),
    ...(missing > 0 ? [`${missing} not here: lost, or still on their way`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} are not what their name says: ${listed(wrong)}`] : []),
  ];
  return `objects: ${named} named by records, ${rest.join(", ")}`;
};

interface AttemptReport {
  readonly chains: number;
  readonly bad: AttemptChecks["bad"];
}

/** Reads the whole journal once, from the file or from the API, without keeping it. */
async function verified(options: VerifyOptions, cwd: string, file: string | null) {
  const held = new HeldLines();
  const attempts = new AttemptChecks();
  const address = file === null && options.live ? await liveAddress(options, cwd) : options;
  const source = file === null ? await journalSource(address, cwd) : fileSource(file);
  const onDisk = file !== null || addressOf(address) === null;
  const verifier = new JournalVerifier((record) => {
    if (onDisk) held.take(record);
    attempts.take(record, verifier.lines);
  });
  const { torn } = await source.lines((line) => verifier.take(line));
  return {
    source: source.name,
    torn,
    chains: [...verifier.reports(), ...(onDisk ? await held.compare(source.name) : [])],
    verdicts: verifier.verdicts(),
    attempts: { chains: attempts.attempts, bad: attempts.bad },
    objects: options.objects ? await checkObjects(source, attempts) : null,
    empty: verifier.lines === 0,
  };
}

/** The lab that runs on the state folder, as an address. */
async function liveAddress(options: SourceOptions, cwd: string): Promise<SourceOptions> {
  if (addressOf(options) !== null) return options;
  const dir = options.state === undefined ? await latestStateDir(cwd) : resolve(cwd, options.state);
  const socket = dir === null ? null : await runningLab(dir);
  if (socket !== null) return { socket };
  throw new CliError(EXIT.unreachable, `no lab runs ${dir === null ? "here" : `on ${dir}`}`, {
    remedy: "leave --live out to check the journal on disk",
  });
}

/** A journal begins with a record; an export with the header of a tar archive. */
async function isExport(path: string): Promise<boolean> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw new CliError(EXIT.usage, `${path} cannot be read: ${error instanceof Error ? error.message : ""}`);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(262), 0, 262, 0);
    return bytesRead === 262 && buffer.toString("latin1", 257, 262) === "ustar";
  } finally {
    await handle.close();
  }
}

async function verifyExport(
  { out }: Pick<Context["terminal"], "out">,
  file: string,
  { json }: VerifyOptions,
): Promise<ExitCode> {
  const { manifest, checks, verifier, objects } = await checkExport(file);
  const verdicts = verifier?.verdicts() ?? null;
  const ok = verdicts?.ok !== false;
  const { of, study, lab, records, head, at } = manifest;
  if (json)
    out.line(
      safeJson(
        {
          as_of: new Date().toISOString(),
          source: file,
          ok,
          of,
          study,
          lab,
          at,
          records,
          head,
          objects,
          verdicts,
        },
        2,
      ),
    );
  else {
    out.line(`export ${terminalLine(file, 500)} of ${at}`);
    out.line(`  ${study === null ? "a whole journal" : `study ${study}`}, of the lab sha256:${lab}`);
    out.line(`  ${records} records, up to record ${head.seq} (${head.sha256}); ${objects} objects`);
    out.line(`  ${attemptText({ chains: checks.attempts, bad: checks.bad })}`);
    if (verdicts !== null) out.line(`  ${verdictText(verdicts)}`);
    out.line(ok ? out.paint.good("verified") : out.paint.bad("NOT verified"));
  }
  return ok ? EXIT.done : EXIT.unexpected;
}
