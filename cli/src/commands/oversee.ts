import { terminalLine, type StudyId } from "@redline/shared";
import { pause } from "@redline/daemon";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { watchInterrupts } from "../run/interrupt.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { followJournal } from "../source/follow-journal.ts";
import { JournalState } from "../source/journal-state.ts";
import { openStudy } from "./study-open.ts";
import { terminalAsker, type Asker } from "./oversee-asker.ts";
import { answerQuestions } from "./oversee-questions.ts";
import { EventLines } from "./oversee-events.ts";

export interface OverseeOptions extends SourceOptions {
  /** Only this study, until it ends; all studies without it, until Ctrl-C. */
  readonly study: string | undefined;
}

/** `redline oversee`: follows the journal and asks at the terminal for each action that waits for a person's word. */
export async function oversee(
  context: Context,
  { study: name, ...source }: OverseeOptions,
  openAsker: (write: (text: string) => void) => Asker | null = terminalAsker,
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const asker = openAsker((text) => out.write(text));
  if (asker === null)
    throw new CliError(EXIT.usage, "oversee asks at a terminal, and standard input is none", {
      remedy: "redline approval list, and redline approval allow|deny ID --why TEXT",
    });
  const client = await liveClient(source, context.cwd);
  const state = new JournalState();
  const ended = new AbortController();
  using interrupt = watchInterrupts(
    context.signals,
    () => err.line("no longer asking here; what nobody answers in time is denied"),
    () => context.exit(EXIT.interrupted),
  );
  const signal = AbortSignal.any([interrupt.signal, ended.signal]);
  try {
    const journal = followJournal(client, state, { signal, pause, now: () => performance.now() });
    // What is there already is read before anything is shown of it.
    await journal.caughtUp;
    const { projection } = state;
    const studies: readonly StudyId[] | undefined =
      name === undefined ? undefined : [openStudy(projection, name).id];
    out.line(
      `overseeing ${studies?.join(", ") ?? "every study"} of ${terminalLine(client.name)}; Ctrl-C ends this, and no trial`,
    );
    const events = new EventLines(projection, studies);
    const work = answerQuestions({
      ...{ client, projection, studies, asker, out, signal },
      changed: journal.changed,
      onChange: () => {
        for (const line of events.take()) out.line(line);
      },
      over: () => studies?.every((id) => projection.studies.get(id)?.endedAt !== null) ?? false,
    });
    await Promise.race([work, journal.failed]);
    return interrupt.signal.aborted ? EXIT.interrupted : EXIT.done;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    ended.abort(new Error("oversee is over"));
    asker.close();
  }
}
