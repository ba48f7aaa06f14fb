import { deviceOfMap } from "./device-text.ts";

/** A file that a process has mapped; the first of its ranges. */
export interface MappedFile {
  /** Name of the range in `/proc/PID/map_files`. */
  readonly range: string;
  readonly device: string;
  readonly inode: string;
  /** As the kernel prints it, ` (deleted)` and all; hostile text. */
  readonly path: string;
  /** Length of all its ranges. */
  readonly bytes: number;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) \S+ [0-9a-f]+ (\S+) ([0-9]+) *(.*)$/;

/** Files in the text of `/proc/PID/maps`, each once; anonymous memory is left out. A cut last line is no line. */
export function parseMaps(text: string): MappedFile[] {
  const files = new Map<string, MappedFile>();
  for (const line of text.split("\n")) {
    const [, start, end, dev, inode, path] = LINE.exec(line) ?? [];
    if (start === undefined || end === undefined || dev === undefined || inode === undefined) continue;
    const device = deviceOfMap(dev);
    if (inode === "0" || device === null || path === undefined) continue;
    const key = `${device} ${inode}`;
    const bytes = Number.parseInt(end, 16) - Number.parseInt(start, 16);
    const known = files.get(key);
    if (known !== undefined) files.set(key, { ...known, bytes: known.bytes + bytes });
    else
      // maps pads addresses to 8 digits, map_files does not.
      files.set(key, {
        range: `${unpadded(start)}-${unpadded(end)}`,
        device,
        inode,
        path: unescaped(path),
        bytes,
      });
  }
  return [...files.values()];
}

const unpadded = (address: string) => address.replace(/^0+(?=.)/, "");
/** Only the line feed is escaped there. */
const unescaped = (path: string) => path.replaceAll("\\012", "\n");
