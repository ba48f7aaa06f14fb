import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { below, scan, type LabProcessRow } from "../drills/lab-scan.ts";

/** Where something of a cell could be left on a host: all of these are the host's own in the lab. */
const PLACES = ["run/netns", "dev/shm", "run/mqueue", "run/redline-node"];

/**
 * Everything on one host of the lab that a cell could have left, a line each: by `/proc` of the host's init, from outside, nothing asked of
 * its daemon. Sockets and processes by what they are and not by number, since a daemon that was killed came back as another one.
 */
export function hostPicture(
  init: number,
  cellsDir: string,
  rows: readonly LabProcessRow[] = scan(),
): string[] {
  const of = below(rows, init);
  const root = `/proc/${init}/root`;
  return [
    ...of.map(({ depth, argv }) => `${depth > 1 ? "in a cell" : "process"}: ${argv.slice(0, 3).join(" ")}`),
    ...lines(`/proc/${init}/mountinfo`, 0).map((line) => `mount ${line.split(" ")[4] ?? ""}`),
    ...lines(`/proc/${init}/net/dev`, 2).map((line) => `link ${line.split(":")[0]?.trim() ?? ""}`),
    ...["tcp", "tcp6"].flatMap((table) =>
      lines(`/proc/${init}/net/${table}`, 1).flatMap((line) => {
        const [, address = "", , state] = line.trim().split(/\s+/);
        return state === "0A" ? [`listener ${table} ${address}`] : [];
      }),
    ),
    ...PLACES.flatMap((place) =>
      entries(join(root, place)).flatMap((name) =>
        [name, ...entries(join(root, place, name)).map((inner) => join(name, inner))].map(
          (path) => `file ${place}/${path}`,
        ),
      ),
    ),
    ...entries(cellsDir).map((name) => `cell's files ${name}`),
  ].toSorted();
}

/** What is in the second and not, or less often, in the first. */
export function more(before: readonly string[], after: readonly string[]): string[] {
  const spare = new Map<string, number>();
  for (const line of before) spare.set(line, (spare.get(line) ?? 0) + 1);
  return after.filter((line) => {
    const count = spare.get(line) ?? 0;
    spare.set(line, count - 1);
    return count <= 0;
  });
}

function lines(path: string, skip: number): string[] {
  try {
    return readFileSync(path, "latin1")
      .split("\n")
      .slice(skip)
      .filter((line) => line.trim() !== "");
  } catch {
    return [];
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
