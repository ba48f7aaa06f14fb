import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { duration } from "../terminal/duration.ts";
import { labelled } from "../terminal/layout.ts";
import { notAllShown, shownAction } from "./approval-shown.ts";
import { waitingQuestions } from "./approval-waiting.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

const BAR = "  | ";

/** `redline approval list`: what agents are about to do and wait for a person's word. */
export async function approvalList(
  { terminal: { out, err }, cwd }: Context,
  options: SourceOptions & { readonly json: boolean },
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const waiting = waitingQuestions(loaded.state.projection);
  if (options.json) out.line(envelope(loaded, { approvals: waiting }));
  else if (waiting.length === 0) out.line("nothing waits for an answer");
  else
    for (const question of waiting) {
      const { id, arm, pattern, untilMs } = question;
      const leftMs = Math.max(0, untilMs - loaded.asOf.getTime());
      out.line(`${out.paint.strong(id)}  ${arm}  denied in ${duration(leftMs)} unless it is answered`);
      const room = { indent: 2, labelWidth: 8, columns: out.columns };
      for (const line of labelled("rule", terminalLine(pattern, 200), room)) out.line(line);
      const { lines, whole } = shownAction(question, out.columns - BAR.length);
      for (const line of lines) out.line(`${BAR}${line}`);
      if (!whole) out.line(`  ${out.paint.bad(notAllShown(question))}`);
    }
  return EXIT.done;
}
