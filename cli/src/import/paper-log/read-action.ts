import { z } from "zod";

/** What the model chose to do, in the words of events here. */
export interface PaperAction {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What it says at its end; null for other actions. */
  readonly claim: string | null;
}

const actionSchema = z.object({
  action: z.string(),
  action_input: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
});

/** The JSON object below the last `Action:` of an answer; null where there is none that can be read. */
export function readAction(answer: string): PaperAction | null {
  const below = answer.lastIndexOf("Action:");
  const text = answer.slice(below === -1 ? 0 : below);
  const from = text.indexOf("{");
  const to = text.lastIndexOf("}");
  if (from === -1 || to < from) return null;
  let json: unknown;
  try {
    json = JSON.parse(text.slice(from, to + 1));
  } catch {
    return null;
  }
  const parsed = actionSchema.safeParse(json);
  return parsed.success ? actionOf(parsed.data.action, parsed.data.action_input) : null;
}

/** Names and values as the paper's log has them, spaces of print taken off. */
export function actionOf(name: string, given: string | Readonly<Record<string, unknown>>): PaperAction {
  const action = name.trim();
  const input = typeof given === "string" ? { message: given } : given;
  const text = (key: string) => {
    const value = input[key];
    return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  };
  if (/finish|final.?answer/i.test(action)) {
    const said = Object.values(input).find((value) => typeof value === "string" && value.trim() !== "");
    const message = typeof said === "string" ? said : "";
    return { tool: "finish", input: { message }, claim: message === "" ? action : message };
  }
  if (/^receive/i.test(action))
    return { tool: "read_background", input: { terminal: text("terminal_id") }, claim: null };
  if (/^exec/i.test(action))
    return {
      tool: "run_command",
      input: {
        command: text("command"),
        background: text("command_type") === "long_running",
        terminal: text("terminal_id"),
      },
      claim: null,
    };
  return { tool: action, input, claim: null };
}
