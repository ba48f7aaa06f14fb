import type { Context } from "../context.ts";
import { actOnTrial, type ActOptions } from "./oversee-act.ts";

/** `redline trial pause TRIAL`: its agent gets no answer of its brain until it is resumed. */
export const trialPause = (context: Context, options: ActOptions) =>
  actOnTrial(
    context,
    options,
    { do: "pause" },
    ({ trial }) =>
      `${trial}: the agent gets no answer of its brain until \`redline trial resume ${trial}\`; what it has started goes on`,
  );
