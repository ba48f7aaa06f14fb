import { readFileSync } from "node:fs";

/** One line of `/proc/PID/mountinfo`, as far as it is needed here. */
export interface Mount {
  /** Path in the file system that is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  /** Type of the file system. */
  readonly type: string;
  /** Options of the file system itself. */
  readonly options: readonly string[];
}

/** As that process sees them. @throws Error when it is gone. */
export const readMounts = (pid: number | "self"): Mount[] =>
  parseMounts(readFileSync(`/proc/${pid}/mountinfo`, "utf8"));

export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, mountPoint] = before.split(" ");
    const [type = "", , options = ""] = after.split(" ");
    if (root === undefined || mountPoint === undefined) return [];
    return [{ root: unescaped(root), mountPoint: unescaped(mountPoint), type, options: options.split(",") }];
  });
}

/** Blank, tab, newline, backslash and `#` stand as octal numbers. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
