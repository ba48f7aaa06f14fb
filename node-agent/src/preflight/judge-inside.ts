import { readlinkSync } from "node:fs";
import type { PreflightCheck } from "@redline/shared";
import type { Cell, CellSpec } from "../cell/cell.ts";
import { CELL } from "../cell/cell-layout.ts";
import type { RaisedWalls } from "../limits/raise-walls.ts";
import { errnoName } from "../escape/in-cell-perl.ts";
import type { InsideFacts } from "./inside-facts.ts";

const check = (name: string, ok: boolean, detail: string): PreflightCheck => ({
  check: name,
  ok,
  detail: detail.slice(0, 200),
});

/** Rights: none in any set, none to be gained, and the filter on. */
export function judgeRights({ status, sockets }: InsideFacts): PreflightCheck[] {
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(
    (set) => status.get(set) ?? "missing",
  );
  const ids = ["Uid", "Gid"].map((id) => (status.get(id) ?? "").split(/\s+/));
  const mine = ids.every((all) => all.length === 4 && all.every((id) => id === String(CELL.uid)));
  const families = ["vsock", "packet", "raw", "netfilter"].map((name) => {
    const said = sockets.get(name) ?? "missing";
    const refused =
      /^\d{1,4}$/.test(said) &&
      ["EAFNOSUPPORT", "EPERM", "EACCES", "EPROTONOSUPPORT"].includes(errnoName(Number(said)));
    return check(`${name} socket`, refused, refused ? errnoName(Number(said)) : said);
  });
  return [
    check("no_new_privs", status.get("NoNewPrivs") === "1", status.get("NoNewPrivs") ?? "missing"),
    check("seccomp", status.get("Seccomp") === "2", `mode ${status.get("Seccomp") ?? "missing"}`),
    check(
      "capabilities",
      capabilities.every((set) => /^0+$/.test(set)),
      capabilities.join(" "),
    ),
    check("user", mine, ids.map((all) => all.join(" ")).join(", ")),
    ...families,
  ];
}

/** The agent's namespaces are those of the cell's init, and none is the daemon's. */
export function judgeNamespaces({ namespaces }: InsideFacts, initPid: number): PreflightCheck {
  const faults = [...["user", "mnt", "pid", "net", "ipc", "uts"]].filter((kind) => {
    const inside = namespaces.get(kind) ?? "";
    return (
      inside === "" ||
      inside !== link(`/proc/${initPid}/ns/${kind}`) ||
      inside === link(`/proc/self/ns/${kind}`)
    );
  });
  const text =
    faults.length === 0 ? [...namespaces.values()].join(" ") : `not the cell's own: ${faults.join(", ")}`;
  return check("own namespaces", faults.length === 0, text);
}

/** What the cell may see and write. */
export function judgeView(
  { helpers, writable, readOnly, bootId, clock }: InsideFacts,
  host: HostNow,
): PreflightCheck[] {
  return [
    check("no cron, at, bus or engine", helpers?.length === 0, helpers?.join(" ") ?? "missing"),
    check(
      "read-only system",
      writable.length === 0 && readOnly.length > 0,
      writable.length > 0 ? `writable: ${writable.join(" ")}` : readOnly.join(" "),
    ),
    check("boot id", bootId === host.bootId, bootId),
    check(
      "clock",
      Math.abs(clock - host.seconds) < 60,
      `${(clock - host.seconds).toFixed(1)} s from the daemon's`,
    ),
  ];
}

export interface HostNow {
  readonly bootId: string;
  /** Since 1970. */
  readonly seconds: number;
}

/**
 * Each limit as it was asked for: by the kernel's own word inside, where a resource limit holds it; else by the means that the
 * cell's facts name.
 */
export function judgeLimits(
  { limits }: InsideFacts,
  cell: Pick<Cell, "facts">,
  spec: CellSpec,
): PreflightCheck[] {
  const within = (row: string, most: number) => {
    const value = Number(limits.get(row) ?? Number.NaN);
    return value <= most;
  };
  const fact = (name: string) => cell.facts[`limit.${name}`];
  const { memoryBytes, processes, openFiles } = spec.limits;
  const named = (name: string, row: string, most: number) => {
    const means = fact(name);
    const byKernel = within(row, most);
    // A control group or the daemon's watch is outside of what the agent can ask.
    const ok =
      means !== undefined &&
      Number(means.split(" ").at(-1)) <= most &&
      (byKernel || !means.startsWith("rlimit"));
    return check(
      `limit: ${name}`,
      ok,
      `${means ?? "no means is named"}; inside: ${row} ${limits.get(row) ?? "missing"}`,
    );
  };
  return [
    named("memory", "data size", memoryBytes),
    named("processes", "processes", processes),
    named("openFiles", "open files", openFiles),
    named("fileSize", "file size", spec.scratchBytes),
    check(
      "limit: core files",
      limits.get("core file size") === "0",
      limits.get("core file size") ?? "missing",
    ),
  ];
}

/** What a condition of the study takes away, by the kernel's own word inside: exactly as asked, or a factor would not be one. */
export function judgeWalls(
  { limits }: Pick<InsideFacts, "limits">,
  { fileBytes, few }: RaisedWalls,
): PreflightCheck[] {
  const exactly = (name: string, row: string, value: number) =>
    check(
      `wall: ${name}`,
      limits.get(row) === String(value),
      `${row} ${limits.get(row) ?? "missing"}, asked ${value}`,
    );
  return [
    ...(fileBytes === null ? [] : [exactly("read-only home", "file size", fileBytes)]),
    ...(few === null
      ? []
      : [
          exactly("few processes", "processes", few.processes),
          exactly("small processes", "data size", few.dataBytes),
        ]),
  ];
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "gone";
  }
}
