import { accessSync, constants } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { CellError } from "./cell-error.ts";
import { CELL } from "./cell-layout.ts";

/** Absolute paths of the system tools that the driver starts. */
export interface CellTools {
  readonly bwrap: string;
  readonly ip: string;
  readonly nft: string;
  readonly nsenter: string;
  readonly sshd: string;
  readonly tar: string;
  readonly bash: string;
}

const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * @param path gives a tool's absolute path, or its bare name to look for in the system's folders.
 * @throws CellError naming every tool that is missing.
 */
export function findCellTools(path: (name: string) => string = (name) => name): CellTools {
  const missing: string[] = [];
  const find = (name: string, given: string) => {
    const choices = isAbsolute(given) ? [given] : SYSTEM_FOLDERS.map((folder) => join(folder, given));
    const found = choices.find(isExecutable);
    if (found === undefined) missing.push(name);
    return found ?? "";
  };
  const tools = {
    bwrap: find("bwrap", path("bwrap")),
    ip: find("ip", path("ip")),
    nft: find("nft", path("nft")),
    nsenter: find("nsenter", path("nsenter")),
    sshd: find("sshd", path("sshd")),
    tar: find("tar", path("tar")),
    // The system's own: init is a copy of the program itself, which a wrapper script would not be.
    bash: find("bash", "bash"),
  };
  if (missing.length > 0) throw new CellError("tool", `not found: ${missing.join(", ")}`);
  return tools;
}

/** Where a tool is in the cell: the same place if it comes with /usr, else in the read-only tools folder. */
export function toolInCell(tool: string): string {
  return isOfSystem(tool) ? tool : join(CELL.tools, basename(dirname(tool)), basename(tool));
}

/** The folder to bind as the cell's tools folder: an unpacked sshd needs its neighbours. Undefined when it comes with /usr. */
export function toolsFolder({ sshd }: CellTools): string | undefined {
  return isOfSystem(sshd) ? undefined : dirname(dirname(sshd));
}

/** Environment for a tool: nothing of the daemon's own, which holds credentials. */
export const TOOL_ENVIRONMENT = { PATH: SYSTEM_FOLDERS.join(":"), LC_ALL: "C" } as const;

function isOfSystem(path: string): boolean {
  return SYSTEM_FOLDERS.includes(dirname(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
