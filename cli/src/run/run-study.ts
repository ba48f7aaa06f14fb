import { pause, readJournalLines } from "@redline/daemon";
import { isFinal, terminalLine, type StudyId, type StudyView, type Projection } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { addressOf, type SourceOptions } from "../source/choose-source.ts";
import { PausedStudyWatch } from "../source/paused-study.ts";
import { JournalState } from "../source/journal-state.ts";
import { journalPath } from "../source/state-folder.ts";
import { loadStudy } from "../study-file/load-study.ts";
import { endLab, journalOf, labHost, remoteHost, type CoordinatorHost } from "./coordinator-host.ts";
import { followStudy } from "./follow-study.ts";
import { watchInterrupts } from "./interrupt.ts";
import { orderedBy, orderStop } from "./order-stop.ts";
import { liveDisplay, plainDisplay, type ProgressDisplay } from "./progress-display.ts";
import type { ProgressView } from "./progress-lines.ts";
import { readyForRealModels } from "./real-models.ts";
import { resultsOf, type Results } from "./results.ts";
import { noWayOut } from "./way-out.ts";
import { runExitCode } from "./run-exit-code.ts";
import { createRunReport, whereOf } from "./run-report.ts";

export interface RunRequest extends SourceOptions {
  readonly file: string;
  readonly json: boolean;
  /** Leaves the lab up after the run, until Ctrl-C. */
  readonly keepLab?: boolean;
  /** Base URLs of model servers on this machine's loopback that the run's own lab is led to. */
  readonly brainUrls?: readonly string[];
  /** In place of what the file says. */
  readonly trialsPerArm?: number | undefined;
  /** Refuses a study that does not say `controls: true`. */
  readonly controlsOnly?: boolean;
  /** False leaves the table of verdicts out of the text. */
  readonly table?: boolean;
}

/** What a run came to; `code` is the command's exit code. */
export interface RunOutcome {
  readonly code: ExitCode;
  readonly results: Results | null;
  readonly study: StudyView | null;
  /** All that the run took in of the coordinator's journal, as state. */
  readonly journal: Projection;
  readonly labUpMs: number;
  readonly elapsedMs: number;
}

/**
 * Runs a study from its file to its result: lab up, submit, follow the journal, lab down. Ctrl-C at any
 * moment ends all cells and the lab; whatever happens, a lab that came up is ended before this returns.
 * @throws CliError when it ends early for another reason than Ctrl-C.
 */
export async function runStudy(context: Context, request: RunRequest): Promise<RunOutcome> {
  const began = performance.now();
  const { err } = context.terminal;
  const { url, socket, tokenFile, insecureToken } = request;
  const address = addressOf({ url, socket, tokenFile, insecureToken });
  if (address !== null && request.state !== undefined)
    throw new CliError(
      EXIT.usage,
      "--state is for the lab's own state; it cannot be given with --url or --socket",
    );
  if (address !== null && (request.brainUrls ?? []).length > 0)
    throw new CliError(
      EXIT.usage,
      "--brain-url is for a lab of the run's own, not for a coordinator elsewhere",
      {
        remedy: "REDLINE_BRAIN_URLS in the settings of its node daemons",
      },
    );
  const read = await loadStudy(request.file);
  if (!read.ok) {
    for (const mistake of read.mistakes) err.line(mistake.text);
    const journal = new JournalState().projection;
    return { code: EXIT.usage, results: null, study: null, journal, labUpMs: 0, elapsedMs: 0 };
  }
  if (request.controlsOnly === true && !read.study.controls)
    throw new CliError(EXIT.usage, `${request.file} is no control study`, {
      remedy: "`controls: true` in the study file, and what each brain is expected to get under strict",
    });
  const { trialsPerArm = read.study.trialsPerArm } = request;
  const loaded = { ...read, study: { ...read.study, trialsPerArm } };

  const state = new JournalState();
  let study: StudyId | null = null;
  const view = (): ProgressView | null => {
    const found = study === null ? undefined : state.projection.studies.get(study);
    if (found === undefined) return null;
    const trials = state.projection.trialsOf(found.id);
    return { study: found, trials, now: new Date(), elapsedMs: performance.now() - began };
  };
  const { liveStream } = context.terminal;
  const display =
    err.isTty && liveStream !== null ? await liveDisplay(liveStream, err, view) : plainDisplay(err, view);
  const report = createRunReport(context, request.json, request.table ?? true);

  let host: CoordinatorHost | null = address === null ? null : remoteHost(address);
  using interrupt = watchInterrupts(
    context.signals,
    () => {
      display.end();
      err.line(
        address === null
          ? "stopping: ending all cells, then the lab; press Ctrl-C again to kill"
          : "stopping: cancelling this study on the coordinator; press Ctrl-C again to leave at once",
      );
    },
    () => {
      host?.lab?.kill();
      context.exit(EXIT.interrupted);
    },
  );

  let labUpMs = 0;
  let failure: Error | null = null;
  try {
    const warning = host === null ? noWayOut(loaded.study, request.brainUrls ?? []) : null;
    if (warning !== null) display.note(warning);
    host ??= await labHost(context, {
      name: loaded.study.study,
      state: request.state,
      specimenDirs: Object.values(loaded.specimenDirs),
      brainUrls: request.brainUrls,
      onLine: (text) => display.note(text),
      signal: interrupt.signal,
    });
    labUpMs = performance.now() - began;
    const signal = AbortSignal.any([interrupt.signal, host.lost]);
    await readyForRealModels(host, {
      study: loaded.study,
      note: (text) => display.note(text),
      paint: err.paint,
      signal,
    });
    const submitted = await host.client.submit(
      {
        file: request.file,
        definition: loaded.study,
        specimens: loaded.specimens,
        scenarios: loaded.scenarios,
      },
      signal,
    );
    study = submitted.study;
    for (const warning of submitted.warnings) display.note(`warning: ${warning}`);
    report.launched({ study, loaded, file: request.file, host });
    const seen = new Set<string>();
    const { client, lab } = host;
    using pauses = new PausedStudyWatch({
      note: (text) => display.note(text),
      self: context.self,
      where: whereOf(host, context.cwd),
      unattended: lab !== null && (request.json || !err.isTty),
      cancel: (id, { why }) => client.cancelStudy(id, { who: orderedBy(), why }),
    });
    await followStudy(host.client, state, study, {
      signal,
      now: () => performance.now(),
      pause,
      onRecords: () => {
        announce(view(), seen, display, report);
        pauses.look(view());
      },
    });
    if (request.keepLab === true && host.lab !== null) await keepUp(host, display, signal, context);
  } catch (error) {
    if (!interrupt.signal.aborted) {
      // A question that the lab's own end broke off is not the cause.
      const cause: unknown = host?.lost.aborted === true ? host.lost.reason : error;
      failure = cause instanceof Error ? cause : new Error(String(cause));
    }
  }
  display.end();

  if (interrupt.signal.aborted && host !== null) await orderStop(host, study, context);
  const left = host === null ? { clean: true, left: [] } : await endLab(host);
  // A lab that was kept up after the study's end is ended by Ctrl-C: that interrupts nothing.
  const interrupted = interrupt.signal.aborted && (view()?.study.endedAt ?? null) === null;
  // A lab that ends looks once more at each of its hosts: that too is on the journal by now, and nobody followed it.
  if (host !== null && (interrupted || host.lab !== null)) await catchUp(host, state, context);
  const end = view();
  const results = end === null ? null : resultsOf(end.study, state.projection);
  const code = runExitCode({
    results,
    interrupted,
    labClean: left.clean,
    labLeft: left.left,
    failure: failure === null ? null : failure instanceof CliError ? failure.code : EXIT.unexpected,
  });
  const outcome = {
    code,
    results,
    study: end?.study ?? null,
    journal: state.projection,
    labUpMs,
    elapsedMs: performance.now() - began,
  };
  report.done({
    ...outcome,
    trials: end?.trials ?? [],
    host,
    interrupted,
    left,
    journal: host === null ? null : journalOf(host),
  });
  if (failure === null) return outcome;
  if (code !== EXIT.notSterile || (failure instanceof CliError && failure.code === code)) throw failure;
  // What was left behind decides the exit code; why the run ended early is still said.
  err.line(`error: ${terminalLine(failure.message, 2000)}`);
  return outcome;
}

function announce(
  view: ProgressView | null,
  seen: Set<string>,
  display: ProgressDisplay,
  report: ReturnType<typeof createRunReport>,
): void {
  if (view === null) return;
  for (const trial of view.trials)
    if (isFinal(trial.state) && !seen.has(trial.trial)) {
      seen.add(trial.trial);
      display.finished(trial);
      report.trial(trial, view.study);
    }
}

/** After a stop the lab's journal goes on to its end: what was cancelled, and which cells are proved gone. */
async function catchUp(
  { stateDir }: CoordinatorHost,
  state: JournalState,
  { terminal }: Context,
): Promise<void> {
  if (stateDir === null) return;
  try {
    const head = state.head.seq;
    await readJournalLines(journalPath(stateDir), (line, number) => {
      if (number > head) state.take([line]);
    });
  } catch (error) {
    terminal.err.line(terminalLine(error instanceof Error ? error.message : String(error), 500));
  }
}

/** Ends when the signal aborts. */
async function keepUp(
  host: CoordinatorHost,
  display: ProgressDisplay,
  signal: AbortSignal,
  { terminal }: Context,
) {
  display.end();
  terminal.err.line(
    `the study is over; the lab stays up (--socket ${host.lab?.socketPath ?? ""}); Ctrl-C ends it`,
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
