import { spawn } from "node:child_process";

/** A run of blocks of a file on its device, in units of the file system's blocks. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  /** The file system says that more than one file uses it. */
  readonly shared: boolean;
}

const ROW = /^\s*\d+:\s*\d+\.\.\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*\d+:\s*(?:\d+:)?\s*(.*)$/;
const NO_PLACE = ["unknown_loc", "delalloc", "inline", "unwritten"];
const MOST_OUTPUT = 8 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Rows of `filefrag -v` (e2fsprogs); extents without a place on the device are left out. Pure. */
export function parseFilefrag(text: string): Extent[] {
  const extents: Extent[] = [];
  for (const line of text.split("\n")) {
    const [, start, end, flags] = ROW.exec(line) ?? [];
    if (start === undefined || end === undefined || flags === undefined) continue;
    const words = flags.split(",").map((word) => word.trim());
    if (words.some((word) => NO_PLACE.includes(word))) continue;
    extents.push({ start: Number(start), end: Number(end), shared: words.includes("shared") });
  }
  return extents;
}

/** Whether a block belongs to both; both files must lie on one file system. */
export function overlap(a: readonly Extent[], b: readonly Extent[]): boolean {
  const sorted = b.filter((e) => e.shared).toSorted((x, y) => x.start - y.start);
  return a.some(
    (extent) => extent.shared && sorted.some((o) => o.start <= extent.end && extent.start <= o.end),
  );
}

/**
 * Extents of an open file, by the tool through the descriptor. Null where the tool is missing or the file system gives none
 * (tmpfs): that is no sign either way.
 */
export function extentsOf(fd: number, signal?: AbortSignal): Promise<Extent[] | null> {
  return new Promise((resolve) => {
    const child = spawn("filefrag", ["-v", "/proc/self/fd/3"], {
      stdio: ["ignore", "pipe", "ignore", fd],
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      ...(signal === undefined ? {} : { signal }),
    });
    let text = "";
    child.stdout?.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MOST_OUTPUT) child.kill("SIGKILL");
    });
    child.once("error", () => resolve(null));
    child.once("close", (code) => resolve(code === 0 ? parseFilefrag(text) : null));
  });
}
