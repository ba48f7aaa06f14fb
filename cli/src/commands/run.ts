import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { runStudy, type RunRequest } from "../run/run-study.ts";

/** `redline run STUDY` */
export async function runCommand(context: Context, request: RunRequest): Promise<ExitCode> {
  return (await runStudy(context, request)).code;
}
