import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import { NO_BASELINE } from "./comparison.ts";
import { isApart } from "./node-look.ts";
import { outcome, some } from "./outcome.ts";
import type { HeldFile, ProcessRow } from "./process-row.ts";
import { processKey } from "./same-thing.ts";
import { isBelow } from "./trial-traces.ts";

const named = ({ pid, name, uids }: ProcessRow) => `${pid} ${name} (uid ${uids.join("/")})`;
const SAME_UID = "cells have the daemon's own uid here";

/** Processes of the trial's uid or in its namespaces; where the daemon sees only its own world, also those nobody accounts for. */
export function checkProcesses({ look, whose }: Comparison): SterilityCheck {
  const left = look.processes.filter((row) => whose.ofProcess(row) === "trial");
  const byUid = whose.uids.size > 0 || whose.strict;
  return outcome("processes", left.map(named), {
    cannot: byUid ? "" : `${SAME_UID}: by namespace only`,
    note: whose.strict ? `${SAME_UID}: what nobody here accounts for counts as the trial's` : "",
  });
}

/** Who has a GPU open that had none before. */
export function checkGpuHolders({ look, before, whose }: Comparison): SterilityCheck {
  const known = new Set(before?.gpuHolders);
  const left = look.processes.filter((row) => {
    const owner = whose.ofProcess(row);
    if (!row.gpu || owner === "cell" || owner === "daemon") return false;
    return owner === "trial" || (before !== null && !known.has(processKey(row)));
  });
  const partly = look.processes.filter((row) => row.partly && whose.ofProcess(row) !== "cell").map(named);
  return outcome("gpu-holders", left.map(named), {
    cannot: [
      ...(look.gpus && partly.length > 0
        ? [`descriptors that could not all be looked at: ${some(partly)}`]
        : []),
      ...(look.gpus && isApart(look, "pid")
        ? ["processes outside the daemon's PID namespace are not seen"]
        : []),
      ...(before === null ? [NO_BASELINE] : []),
    ].join("; "),
    note: look.gpus ? "" : "no GPU here",
  });
}

/** Files of the trial that somebody keeps open: its uid's, those below its folders, and deleted ones of its own processes. */
export function checkDeletedFiles({ look, trial, others, whose }: Comparison): SterilityCheck {
  const shared = new Set(others.map(({ uid }) => uid));
  const left = look.processes.flatMap((row) => {
    const owner = whose.ofProcess(row);
    const isTrials = ({ path, uid, deleted }: HeldFile) => {
      if (owner === "cell" || whose.isOthers(path)) return false;
      if (isBelow(path, trial.paths)) return true;
      if (owner === "trial") return deleted;
      // The daemon may have files of the cell open that has this slot, and so this uid, by now.
      return whose.uids.has(uid) && !(shared.has(uid) && owner === "daemon");
    };
    return row.files
      .filter(isTrials)
      .map(({ path, deleted }) => `${path}${deleted ? " (deleted)" : ""}: ${named(row)}`);
  });
  const partly = look.processes.filter((row) => row.partly && whose.ofProcess(row) !== "cell").map(named);
  return outcome("deleted-files", left, {
    cannot: partly.length === 0 ? "" : `descriptors that could not all be looked at: ${some(partly)}`,
    note: whose.uids.size > 0 ? "" : `${SAME_UID}: by folder and by who holds them`,
  });
}
