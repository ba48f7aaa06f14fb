import { getSystemErrorName } from "node:util";
import type { ExecResult } from "../ssh/exec.ts";
import { escaped, stopped, unproven, type Finding } from "./finding.ts";

/** A word for bash, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * What all the scripts begin with. `done` says that what was tried went through, `refused` that the kernel did not let it, with the
 * errno. `call` is syscall(2); addresses are packed by hand, because Socket.pm is slow to load and may be missing.
 */
const PRELUDE = `$| = 1;
sub done { print "went through @_\\n"; exit 0 }
sub refused { print "errno ", $! + 0, " @_\\n"; exit 0 }
sub call { my $r = syscall($_[0], @_[1..$#_]); refused("") if $r == -1; return $r }
sub four { return pack("S n a4 x8", 2, $_[1], pack("C4", split /\\./, $_[0])) }
`;

/** Arguments of perl for a script with its own. */
export function perlArguments(script: string, args: readonly (string | number)[]): string[] {
  return ["-e", PRELUDE + script, ...args.map(String)];
}

/** Command line of a perl script in a cell. */
export function perl(script: string, ...args: readonly (string | number)[]): string {
  return ["perl", ...perlArguments(script, args).map(shellWord)].join(" ");
}

/** What a script said: the name of its errno, `through`, or null for a script that said nothing of the kind. */
export function verdictOf(result: Pick<ExecResult, "stdout" | "signal">): string | null {
  const errno = /^errno (\d{1,4})\b/m.exec(result.stdout)?.[1];
  if (errno !== undefined) return errnoName(Number(errno));
  if (/^went through/m.test(result.stdout)) return "through";
  // The filter's own way to refuse a foreign ABI.
  return result.signal === "SYS" || result.signal === "SIGSYS" ? "SIGSYS" : null;
}

/** Names of the kernel's refusals; anything else means that the call was let in, and failed there of itself. */
export const REFUSED = ["EPERM", "EACCES", "ENOSYS", "EAFNOSUPPORT", "SIGSYS"] as const;

/** A script's answer as a finding: refused with one of these errnos, or not. Silence proves nothing. */
export function refusal(result: ExecResult, by: string, errnos: readonly string[] = REFUSED): Finding {
  const said = verdictOf(result);
  const text = `${result.stdout.trim()} ${result.stderr.trim()}`.slice(0, 250);
  if (said === null)
    return unproven(`no answer: ${result.end} ${result.code ?? result.signal ?? ""} ${text}`);
  if (errnos.includes(said)) return stopped(`${by}: ${said}`, text);
  return escaped(said === "through" ? text : `reached the kernel: ${said} ${text}`);
}

/** "EPERM" for 1. */
export function errnoName(errno: number): string {
  const name = errno > 0 ? getSystemErrorName(-errno) : "";
  return /^E[A-Z0-9]+$/.test(name) ? name : `E${errno}`;
}
