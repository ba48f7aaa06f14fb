import type { ProcessRow, Snapshot } from "./process-row.ts";

const PROGRAM = /\/sshd(-session|-auth)?$/;
const SESSION_PROGRAMS = ["sshd", "sshd-session", "sshd-auth"];
/** Where distributions put OpenSSH's session programs (from 9.8 on) if not beside sshd; read-only in a cell. */
const SESSION_FOLDERS = ["/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/libexec"];

/**
 * Tells the cell's own sshd and its session processes from what only bears the name: by the whole path of the
 * programs that ran as sshd before the agent's first turn, and of session programs that belong to those.
 */
export function sshdOf(baseline: Pick<Snapshot, "processes">): (row: Pick<ProcessRow, "exe">) => boolean {
  const known = baseline.processes.map((p) => withoutDeleted(p.exe)).filter((exe) => PROGRAM.test(exe));
  const folders = known.map((exe) => exe.slice(0, exe.lastIndexOf("/")));
  const paths = new Set(known);
  if (known.length > 0)
    for (const folder of [...folders, ...SESSION_FOLDERS])
      for (const program of SESSION_PROGRAMS) paths.add(`${folder}/${program}`);
  return (row) => paths.has(withoutDeleted(row.exe));
}

const withoutDeleted = (exe: string) => exe.replace(/ \(deleted\)$/, "");
