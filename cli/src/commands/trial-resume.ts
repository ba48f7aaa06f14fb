import type { Context } from "../context.ts";
import { actOnTrial, type ActOptions } from "./oversee-act.ts";

/** `redline trial resume TRIAL` */
export const trialResume = (context: Context, options: ActOptions) =>
  actOnTrial(context, options, { do: "resume" }, ({ trial }) => `${trial} goes on`);
