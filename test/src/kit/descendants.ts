import { readdirSync, readFileSync } from "node:fs";

/** A process of this machine, as `/proc` shows it here. */
export interface Descendant {
  readonly pid: number;
  readonly cmdline: string;
}

/** Every process below one, whatever namespaces lie between: the cells of a lab are below the command that runs it. */
export function descendantsOf(root: number): Descendant[] {
  const parents = new Map(
    readdirSync("/proc").flatMap((name) => {
      const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
      const ppid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return stat === "" ? [] : [[Number(name), ppid] as const];
    }),
  );
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).map((pid) => ({ pid, cmdline: read(`/proc/${pid}/cmdline`) }));
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
