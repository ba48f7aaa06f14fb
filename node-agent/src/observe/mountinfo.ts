/** One line of `/proc/PID/mountinfo` (proc(5)), paths as the process sees them. */
export interface MountRow {
  readonly id: string;
  /** What of the file system is mounted there: `/` for all of it. */
  readonly root: string;
  readonly point: string;
  readonly fsType: string;
  /** Of the mount, and of the file system itself. */
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
}

/** Lines of another form are left out. Pure. */
export function parseMountinfo(text: string): MountRow[] {
  return text.split("\n").flatMap((line) => {
    // A path holds no blank (they are octal), so the first " - " ends the optional fields.
    const at = line.indexOf(" - ");
    if (at < 0) return [];
    const [id, , , root, point, options] = line.slice(0, at).split(" ");
    const [fsType, , superOptions] = line.slice(at + 3).split(" ");
    if (id === undefined || root === undefined || point === undefined || fsType === undefined) return [];
    return [
      {
        id,
        root: unescaped(root),
        point: unescaped(point),
        fsType,
        options: options?.split(",") ?? [],
        superOptions: superOptions?.split(",") ?? [],
      },
    ];
  });
}

/** Blank, tab, newline, backslash and `#` stand as octal numbers. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
