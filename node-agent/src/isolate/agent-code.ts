import { closeSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { boundedText } from "../observe/bounded-text.ts";
import { readHostFacts, TICKS_PER_SECOND } from "../observe/host-facts.ts";
import type { ProcessRow } from "@redline/shared";
import { digestOf } from "./cell-file.ts";
import { openInCell } from "./cell-path.ts";
import { memoryHolds } from "./memory-search.ts";
import { codeByEnvironment, scriptOf, type ScriptOf } from "./script-of.ts";
import { isSame } from "./task-states.ts";

const SCRIPT_BYTES = 16 * 1024 * 1024;
const PROGRAM_BYTES = 1024 * 1024 * 1024;
const MEMORY_BYTES = 512 * 1024 * 1024;
/** Both clocks that are compared here count in steps of up to 10 ms. */
const CLOCK_SPARE_MS = 50;

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

async function digest({ pid, startTick }: ProcessRow, found: ScriptOf): Promise<string> {
  if (found.kind === "none") throw new Error(found.why);
  const variable = codeByEnvironment(readFileSync(`/proc/${pid}/environ`, "latin1"));
  if (variable !== null) throw new Error(`code by the environment: ${variable}`);
  const program = found.kind === "program";
  // The kernel's link to the file that was really executed, also when its name is gone.
  const descriptor = program ? openSync(`/proc/${pid}/exe`, "r") : openScript(pid, found.path, startTick);
  try {
    return await digestOf(descriptor, program ? PROGRAM_BYTES : SCRIPT_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

/** What was put at the script's path once it was loaded is not what runs; a folder above it that was exchanged is not seen. */
function openScript(pid: number, path: string, startTick: number): number {
  using held = openInCell(pid, path.startsWith("/") ? path : `${readlinkSync(`/proc/${pid}/cwd`)}/${path}`);
  const descriptor = held.openToRead();
  if (held.changedMs <= beganAt(startTick) + CLOCK_SPARE_MS) return descriptor;
  closeSync(descriptor);
  throw new Error(`${path} was written or put there after the process began`);
}

/** Wall time, ms; by the clock as it is set now. */
const beganAt = (startTick: number) =>
  readHostFacts(process.pid, Date.now()).bootTimeMs + (startTick * 1000) / TICKS_PER_SECOND;

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
