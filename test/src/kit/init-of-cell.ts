import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { AttemptView } from "@redline/shared";

/** PID 1 of the cell of which an attempt has a baseline, as this machine numbers it. @throws where there is none */
export function initOfCell(attempt: AttemptView): number {
  const row = attempt.records
    .flatMap(({ body }) =>
      body.kind === "observation" && body.body.kind === "baseline" ? body.body.snapshot.processes : [],
    )
    .find(({ cellPid }) => cellPid === 1);
  const pid = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((name) => isFirst(name) && networkOf(name) === `net:[${row?.netns ?? ""}]`);
  if (pid === undefined) throw new Error("no init of that cell runs here");
  return Number(pid);
}

const isFirst = (pid: string) =>
  /^NSpid:.*\t1$/m.test(quietly(() => readFileSync(`/proc/${pid}/status`, "utf8")));
const networkOf = (pid: string) => quietly(() => readlinkSync(`/proc/${pid}/ns/net`));

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
