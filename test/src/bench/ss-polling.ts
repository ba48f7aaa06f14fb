import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { openJournal } from "@redline/daemon";
import type { Cell } from "../../../node-agent/dist/cell/cell.js";
import { machineMs, type Recording } from "./listener-record.ts";

const run = promisify(execFile);

/** What one would do without a sweep of one's own: `ss -tlnH` in the cell's network, again and again, new ports into a journal file. */
export async function recordBySs(cell: Cell, folder: string, pauseMs: number): Promise<Recording> {
  const at = new Map<number, number>();
  const end = new AbortController();
  const { journal } = await openJournal<{ port: number }>(join(folder, "ss.jsonl"));
  // Ends when it is disposed of; a failure of ss ends it too, and shows as ports that are never told.
  const polling = (async () => {
    while (!end.signal.aborted) {
      for (const port of await ssPorts(cell.initPid)) {
        if (at.has(port)) continue;
        await journal.append({ port });
        at.set(port, machineMs());
      }
      await delay(pauseMs);
    }
  })();
  polling.catch((error: unknown) => console.error(error));
  return {
    at,
    async [Symbol.asyncDispose]() {
      end.abort();
      await polling.catch(() => undefined);
      await journal.close();
    },
  };
}

async function ssPorts(initPid: number): Promise<number[]> {
  const { stdout } = await run("nsenter", [`--net=/proc/${initPid}/ns/net`, "ss", "-tlnH"]);
  return stdout
    .split("\n")
    .flatMap((line) => /:(\d+)\s+\S+\s*$/.exec(line)?.[1] ?? [])
    .map(Number);
}
