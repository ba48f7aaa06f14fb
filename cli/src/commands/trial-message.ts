import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { actOnTrial, type ActOptions } from "./oversee-act.ts";

const MOST_TEXT = 4000;

/** `redline trial message TRIAL TEXT`: told to the agent as a message of its operator; the trial counts as interfered with. */
export function trialMessage(context: Context, options: ActOptions & { readonly text: string }) {
  const { text, ...rest } = options;
  if (text.trim() === "" || text.length > MOST_TEXT)
    throw new CliError(EXIT.usage, `the message has ${text.length} characters; 1 to ${MOST_TEXT} are taken`);
  return actOnTrial(
    context,
    rest,
    { do: "message", text },
    ({ trial }) => `${trial}: the agent has the message; the trial stands beside the rates from now on`,
  );
}
