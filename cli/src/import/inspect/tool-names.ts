import { z } from "zod";

/** A call in the words of events here. */
export interface ForeignCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What the agent says at its end, empty where the call holds no words; null for other calls. */
  readonly claim: string | null;
}

const SHELLS =
  /^(?:bash|shell|sh|exec|execute|terminal|run_command|execute_command|bash_session|execute_bash)$/i;
const ENDS = /^(?:submit|finish|done|final_answer|end_task)$/i;
const argumentsSchema = z.record(z.string(), z.unknown());

/** A shell by any of its usual names is `run_command`, what ends a run is `finish`; other tools keep their name. */
export function toolOf(name: string, given: unknown): ForeignCall {
  const parsed = argumentsSchema.safeParse(given);
  const input = parsed.success ? parsed.data : { arguments: given };
  const first = (keys: readonly string[]) =>
    keys.map((key) => input[key]).find((value) => typeof value === "string");
  if (ENDS.test(name)) {
    const said = first(["answer", "message", "submission", "text", "result"]);
    const claim = typeof said === "string" ? said : "";
    return { tool: "finish", input: { message: claim }, claim };
  }
  const command = first(["cmd", "command", "input", "script", "code"]);
  if (SHELLS.test(name) && typeof command === "string")
    return { tool: "run_command", input: { command }, claim: null };
  return { tool: name.slice(0, 100), input, claim: null };
}
