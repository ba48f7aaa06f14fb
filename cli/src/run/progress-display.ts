import type { WriteStream } from "node:tty";
import type { TrialView } from "@redline/shared";
import type { Output } from "../terminal/output.ts";
import { finishedLine, progressBlock, progressSummary, type ProgressView } from "./progress-lines.ts";

/** Shows how a run goes, on stderr; results go to stdout at the end. */
export interface ProgressDisplay {
  /** A line that stays: the lab's steps, messages. */
  note(text: string): void;
  finished(trial: TrialView): void;
  /** Takes the live block away; nothing is drawn afterwards. Safe to call twice. */
  end(): void;
}

const REDRAW_MS = 250;
const SUMMARY_MS = 60_000;

/** Off a terminal: one line for each finished trial and a summary each minute. `view` is null until the study is known. */
export function plainDisplay(out: Output, view: () => ProgressView | null): ProgressDisplay {
  const timer = setInterval(() => {
    const now = view();
    if (now !== null) out.line(progressSummary(now));
  }, SUMMARY_MS);
  return {
    note: (text) => out.line(text),
    finished: (trial) => out.line(finishedLine(trial)),
    end: () => clearInterval(timer),
  };
}

/** On a terminal: a small block that is drawn anew in place, below the lines that stay. */
export async function liveDisplay(
  stream: WriteStream,
  out: Output,
  view: () => ProgressView | null,
): Promise<ProgressDisplay> {
  const { createLogUpdate } = await import("log-update");
  // A hidden cursor would need a signal handler of its own to come back.
  const update = createLogUpdate(stream, { showCursor: true });
  let ended = false;
  const draw = () => {
    const now = view();
    if (!ended && now !== null) update(progressBlock(now, out.paint, out.columns).join("\n"));
  };
  const stay = (text: string) => {
    update.clear();
    out.line(text);
    draw();
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    note: stay,
    finished: (trial) => stay(finishedLine(trial)),
    end() {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      update.clear();
    },
  };
}
