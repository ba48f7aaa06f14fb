import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { bundleText, terminalLine, verifyBundle } from "@redline/shared";
import { withObjects } from "../bundle/bundle-objects.ts";
import { buildBundle } from "../bundle/build-bundle.ts";
import { readSealedAttempts } from "../bundle/read-journal.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { journalSource } from "../journal/journal-source.ts";
import type { SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { findTrial } from "../trials/find-trial.ts";

type Options = SourceOptions & {
  readonly attempt?: number | undefined;
  readonly out?: string | undefined;
  readonly json: boolean;
  /** Whether it carries the objects that its records name. */
  readonly objects: boolean;
};

/** `redline bundle export TRIAL`: writes the bundle of a sealed attempt, the newest one unless it is named. An existing file is left as it is. */
export async function bundleExport(
  { terminal: { out }, cwd, self }: Context,
  id: string,
  options: Options,
): Promise<ExitCode> {
  const { sealed, projection } = await readSealedAttempts(options, cwd, id);
  const trial = findTrial(projection, id);
  const number = options.attempt ?? [...sealed.keys()].at(-1) ?? trial.attempts.at(-1)?.attempt;
  const attempt = trial.attempts.find((a) => a.attempt === number);
  if (attempt === undefined)
    throw new CliError(
      EXIT.usage,
      number === undefined
        ? `trial ${trial.trial} had no attempt yet`
        : `trial ${trial.trial} has no attempt ${number}`,
      { remedy: `${self} trial show ${trial.trial}` },
    );
  const name = `attempt ${attempt.attempt} of ${trial.trial}`;
  const found = sealed.get(attempt.attempt);
  if (found === undefined)
    throw new CliError(EXIT.unexpected, `${name} is not sealed: ${whyNotSealed(attempt)}`, {
      remedy: `${self} trial why ${trial.trial}`,
    });
  const bundle = buildBundle(found);
  if (typeof bundle === "string")
    throw new CliError(EXIT.unexpected, `${name} cannot be exported: ${bundle}`, {
      remedy: `${self} journal verify`,
    });
  const text = bundleText(
    options.objects ? await withObjects(bundle, trial.study, await journalSource(options, cwd)) : bundle,
  );
  const bytes = Buffer.from(text);
  const checked = verifyBundle(bytes);
  if (!checked.ok)
    throw new CliError(EXIT.unexpected, `${name} would not verify (${checked.word}): ${checked.why}`, {
      remedy: `${self} journal verify`,
    });
  const file = resolve(cwd, options.out ?? `${trial.trial}-${attempt.attempt}.bundle.json`);
  await writeNew(file, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const key = `sha256:${checked.bundle.coordinatorKeyId}`;
  if (options.json)
    out.line(
      safeJson(
        {
          as_of: new Date().toISOString(),
          file,
          bytes: bytes.length,
          sha256,
          coordinator: key,
          trial: trial.trial,
          attempt: attempt.attempt,
        },
        2,
      ),
    );
  else {
    out.line(`${terminalLine(file, 500)}: ${bytes.length} bytes, ${name}`);
    out.line(`  signed by the coordinator's key ${key}`);
    out.line(`  check it anywhere with: ${self} bundle verify FILE --coordinator-key ${key}`);
  }
  return EXIT.done;
}

function whyNotSealed({
  endedAt,
  fault,
  adjudications,
}: {
  endedAt: string | null;
  fault: string | null;
  adjudications: readonly unknown[];
}): string {
  if (fault !== null) return `it is invalid (${fault}), and only verdicts that count are sealed`;
  if (endedAt === null) return "it is not over yet";
  return adjudications.length === 0
    ? "it was cancelled"
    : "its verdicts were recorded by a version that did not seal, or its coordinator ended in between";
}

/** Whole or not at all. @throws CliError where the file is there already or cannot be written. */
async function writeNew(path: string, bytes: Buffer): Promise<void> {
  const failed = (error: unknown) =>
    new CliError(
      EXIT.usage,
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      {
        remedy: "name another file with --out",
        cause: error,
      },
    );
  const file = await open(path, "wx", 0o644).catch((error: unknown) => {
    throw failed(error);
  });
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw failed(error);
  } finally {
    await file.close();
  }
}
