import { spawn } from "node:child_process";
import { CellError } from "./cell-error.ts";
import { TOOL_ENVIRONMENT } from "./cell-tools.ts";

export interface ToolRun {
  readonly stdin?: string;
  /** Ends the tool (default 5000). */
  readonly timeoutMs?: number;
  /** User and group to run it as (default: the daemon's own). */
  readonly uid?: number;
}

export interface ToolResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the driver's system tools to its end. Output is trusted in form, small, and not bounded further. */
export function runTool(path: string, args: readonly string[], run: ToolRun = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: TOOL_ENVIRONMENT,
      timeout: run.timeoutMs ?? 5_000,
      killSignal: "SIGKILL",
      ...(run.uid === undefined ? {} : { uid: run.uid, gid: run.uid }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) =>
      reject(new CellError("tool", `${path}: ${error.message}`, { cause: error })),
    );
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    // A tool that ended before it read everything has already said why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(run.stdin ?? "");
  });
}

/** The same, and anything but exit status 0 is a CellError. */
export async function needTool(path: string, args: readonly string[], run: ToolRun = {}): Promise<string> {
  const { code, stdout, stderr } = await runTool(path, args, run);
  if (code !== 0) throw new CellError("tool", `${path} ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}
