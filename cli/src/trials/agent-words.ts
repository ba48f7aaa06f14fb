import { terminalLine, type AttemptView } from "@redline/shared";

/** Events of the agent that are shown; `--json` gives all. */
const SHOWN = 40;
/** What is cut of one event. */
const EVENT_CHARS = 400;

/**
 * What the agent said and did by its own account, oldest first, one line each. Hostile text: it comes
 * from the agent alone, nothing of it is evidence.
 */
export function agentWords(attempt: AttemptView): { lines: string[]; left: number } {
  const events = attempt.records.flatMap((r) => (r.body.kind === "agent-event" ? [r.body.event] : []));
  const shown = events.slice(-SHOWN);
  return { lines: shown.map(eventLine), left: events.length - shown.length };
}

function eventLine(event: Readonly<Record<string, unknown>>): string {
  const { event: kind, turn, ...rest } = event;
  const values = Object.entries(rest).map(([name, value]) =>
    name === "text" || name === "message" ? words(value) : `${name}=${words(value)}`,
  );
  const text = [typeof turn === "number" ? `turn ${turn}` : "", words(kind ?? "event"), ...values]
    .filter((part) => part !== "")
    .join(" ");
  return terminalLine(text, EVENT_CHARS);
}

const words = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
