import type { PreflightCheck } from "@redline/shared";
import type { Drops } from "../cell/cell.ts";
import type { Canary } from "./inside-script.ts";
import type { InsideFacts } from "./inside-facts.ts";

/** A canary that answered: the wall has a hole, which is a breach and no mere failed check. */
export interface OpenCanary {
  readonly canary: Canary;
  readonly what: string;
}

export interface NetworkJudgement {
  readonly checks: readonly PreflightCheck[];
  readonly open: readonly OpenCanary[];
}

const nameOf = ({ protocol, host, port }: Canary) =>
  `${protocol} ${host.includes(":") ? `[${host}]` : host}:${port}`;

/**
 * An answer of a canary in time is a breach; silence counts only when the guard has counted what was sent. The one allowed
 * address must speak SSH.
 */
export function judgeNetwork(
  { reached }: InsideFacts,
  canaries: readonly Canary[],
  allowed: Canary | null,
  drops: { readonly before: Drops | null; readonly after: Drops | null },
): NetworkJudgement {
  const checks: PreflightCheck[] = [];
  const open: OpenCanary[] = [];
  let silent = 0;
  canaries.forEach((canary, i) => {
    const found = reached.get(`c${i}`);
    if (found?.how === "silent") silent += 1;
    if (found?.how === "answered") open.push({ canary, what: found.what });
    const detail =
      found === undefined
        ? "not tried"
        : found.how === "local"
          ? found.errno
          : found.how === "silent"
            ? "silence"
            : `ANSWERED: ${found.what}`;
    checks.push({
      check: `canary ${nameOf(canary)}`.slice(0, 80),
      ok: found !== undefined && found.how !== "answered",
      detail: detail.slice(0, 200),
    });
  });
  const counted =
    drops.before === null || drops.after === null ? null : drops.after.packets - drops.before.packets;
  checks.push({
    check: "drops are counted",
    ok: counted !== null && counted >= silent,
    detail:
      counted === null
        ? "the guard's counters cannot be read"
        : `${counted} packets, ${silent} canaries left the cell`,
  });
  if (allowed !== null) {
    const found = reached.get("allowed");
    const what = found?.how === "answered" ? found.what : (found?.how ?? "not tried");
    checks.push({
      check: "reaches the target",
      ok: what.startsWith("said SSH-2.0"),
      detail: `${nameOf(allowed)} ${what}`.slice(0, 200),
    });
  }
  return { checks, open };
}
