import { terminalLine } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** A file that cannot be imported: what is wrong with it, and what would help. Exit code 2. */
export function badFile(file: string, what: string, remedy: string, cause?: unknown): CliError {
  return new CliError(EXIT.usage, `${terminalLine(file, 500)}: ${what}`, { remedy, cause });
}

/** The first problem of a parsed shape, with its place. */
export function firstIssue(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  const issue = error.issues[0];
  if (issue === undefined) return "it has another shape";
  const path = issue.path.map(String).join(".");
  return terminalLine(path === "" ? issue.message : `${path}: ${issue.message}`, 300);
}
