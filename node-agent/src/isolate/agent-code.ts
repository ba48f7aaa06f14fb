import { closeSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { boundedText } from "../observe/bounded-text.ts";
import type { ProcessRow } from "@redline/shared";
import { digestOf } from "./cell-file.ts";
import { openInCell } from "./cell-path.ts";
import { memoryHolds } from "./memory-search.ts";
import { scriptOf, type ScriptOf } from "./script-of.ts";
import { isSame } from "./task-states.ts";

const SCRIPT_BYTES = 16 * 1024 * 1024;
const PROGRAM_BYTES = 1024 * 1024 * 1024;
const MEMORY_BYTES = 512 * 1024 * 1024;

export interface AgentCode {
  /** Script as the command line has it, or the program's path; hostile text. */
  readonly script: string;
  /** Empty where it could not be read, and `why` says so. */
  readonly sha256: string;
  /** Null where it was not looked for or could not be decided, and `why` says so. */
  readonly markInMemory: boolean | null;
  /** Empty, or what of it could not be found out. */
  readonly why: string;
}

/**
 * What code a process runs: the digest of its script, or of the program itself where that is no interpreter, and whether
 * the mark stands in its memory. Never rejects: what could not be read is in `why`.
 * @param mark "" for none
 */
export async function agentCode(process: ProcessRow, mark: string): Promise<AgentCode> {
  const found = scriptOf(process.exe, process.cmdline);
  const reasons: string[] = [];
  const because = (what: string) => (error: unknown) => {
    reasons.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  };
  const sha256 = await digest(process, found).catch(because("code"));
  const markInMemory = await holdsMark(process, mark).catch(because("mark"));
  // Last: everything above was read of this process and no other.
  const same = isSame(process);
  if (!same) reasons.unshift("the process is gone");
  return {
    script: boundedText(found.kind === "script" ? found.path : process.exe, 512),
    sha256: same ? (sha256 ?? "") : "",
    markInMemory: same ? markInMemory : null,
    why: boundedText(reasons.join("; "), 500),
  };
}

async function digest({ pid }: ProcessRow, found: ScriptOf): Promise<string> {
  if (found.kind === "none") throw new Error(found.why);
  const program = found.kind === "program";
  // The kernel's link to the file that was really executed, also when its name is gone.
  const descriptor = program ? openSync(`/proc/${pid}/exe`, "r") : openScript(pid, found.path);
  try {
    return await digestOf(descriptor, program ? PROGRAM_BYTES : SCRIPT_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

function openScript(pid: number, path: string): number {
  using held = openInCell(pid, path.startsWith("/") ? path : `${readlinkSync(`/proc/${pid}/cwd`)}/${path}`);
  return held.openToRead();
}

async function holdsMark({ pid }: ProcessRow, mark: string): Promise<boolean | null> {
  if (mark === "") throw new Error("the specimen has no mark");
  // An interpreter keeps copies of both in its heap, where they would pass for code.
  for (const file of ["cmdline", "environ"])
    if (readFileSync(`/proc/${pid}/${file}`).includes(mark))
      throw new Error(`it stands in the process's ${file}`);
  const holds = await memoryHolds(pid, mark, MEMORY_BYTES);
  if (holds === null) throw new Error(`not in the first ${MEMORY_BYTES} bytes of memory`);
  return holds;
}
