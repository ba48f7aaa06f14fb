export interface ProcStatus {
  /** Real uid in the reader's user namespace; 65534 where it has none there. */
  readonly uid: number;
  /** pid in the innermost PID namespace. */
  readonly cellPid: number;
}

/**
 * Picks two lines of `/proc/PID/status`. The kernel escapes newlines in `Name:`, so a process cannot
 * forge a line; null when either line is missing (more than 64 KiB of supplementary groups before `NSpid`).
 */
export function parseStatus(bytes: Buffer): ProcStatus | null {
  const text = bytes.toString("latin1");
  const uid = numberAfter(text, "\nUid:\t", "first");
  const cellPid = numberAfter(text, "\nNSpid:\t", "last");
  return uid === null || cellPid === null ? null : { uid, cellPid };
}

function numberAfter(text: string, label: string, which: "first" | "last"): number | null {
  const start = text.indexOf(label);
  if (start < 0) return null;
  const from = start + label.length;
  const end = text.indexOf("\n", from);
  if (end < 0) return null;
  const line = text.slice(from, end);
  const tab = which === "first" ? line.indexOf("\t") : line.lastIndexOf("\t");
  const word =
    which === "first" && tab >= 0 ? line.slice(0, tab) : line.slice(which === "first" ? 0 : tab + 1);
  return word === "" ? null : Number(word);
}
