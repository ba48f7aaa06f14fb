import { lstatSync } from "node:fs";
import type { SterilityCheck } from "@redline/shared";
import type { Baseline } from "./baseline.ts";
import type { Comparison } from "./comparison.ts";
import { newInPlaces, type PlacesSeen } from "./files-check.ts";
import { checkPosixShm, checkSysv } from "./memory-checks.ts";
import { checkLoopDevices, checkMounts } from "./mount-checks.ts";
import { checkNamespaces } from "./namespace-check.ts";
import type { NodeLook } from "./node-look.ts";
import { checkDeletedFiles, checkGpuHolders, checkProcesses } from "./process-checks.ts";
import { checkListeners, checkSockets } from "./socket-checks.ts";
import { checkAuthorizedKeys, checkJobs, checkKeys, checkTimers } from "./table-checks.ts";
import type { LiveCell, Trial } from "./trial-traces.ts";
import { whose } from "./whose.ts";

export interface CompareInput {
  readonly look: NodeLook;
  readonly before: Baseline | null;
  readonly trial: Trial;
  readonly others: readonly LiveCell[];
  readonly privatePlaces: readonly string[];
}

export interface Compared {
  /** All but `files` and `gpu-memory`, which need programs of the machine. */
  readonly checks: readonly SterilityCheck[];
  readonly places: PlacesSeen;
  readonly remaining: readonly string[];
}

/** Compares one look with the baseline. Asks the machine only whether the trial's own paths are gone. */
export function compare({ look, before, trial, others, privatePlaces }: CompareInput): Compared {
  const known = before === null ? null : new Set(before.processes);
  const comparison: Comparison = {
    ...{ look, before, trial, others, privatePlaces },
    whose: whose({ look, before: known, trial, others }),
  };
  const listeners = checkListeners(comparison);
  const checks = [
    checkProcesses(comparison),
    checkNamespaces(comparison),
    checkSockets(comparison),
    listeners,
    checkTimers(comparison),
    checkJobs(comparison),
    checkSysv(comparison),
    checkPosixShm(comparison),
    checkDeletedFiles(comparison),
    checkMounts(comparison),
    checkLoopDevices(comparison),
    checkAuthorizedKeys(comparison),
    checkGpuHolders(comparison),
    checkKeys(comparison, trial.keyFiles.filter(isThere), listeners),
  ];
  const missing = look.missing.length === 0 ? "" : `not read: ${look.missing.slice(0, 3).join(", ")}`;
  return {
    // A table that could not be read in full leaves every check that found nothing in doubt.
    checks: checks.map((check) =>
      missing !== "" && check.clean === true ? { ...check, clean: null, why: missing.slice(0, 300) } : check,
    ),
    places: newInPlaces(comparison),
    remaining: trial.paths.filter(isThere),
  };
}

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
