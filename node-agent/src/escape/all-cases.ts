import type { EscapeCase } from "./escape-case.ts";
import { exhaustionCases } from "./exhaustion.ts";
import { fileCases } from "./files.ts";
import { hostileOutputCases } from "./hostile-output.ts";
import { jobCases } from "./jobs.ts";
import { linkCases } from "./link.ts";
import { networkCases } from "./network.ts";
import { plantedPathCases } from "./planted-paths.ts";
import { processCases } from "./processes.ts";
import { sshCases } from "./ssh.ts";
import { systemCallCases } from "./system-calls.ts";
import { systemViewCases } from "./system-view.ts";
import { unixSocketCases } from "./unix-sockets.ts";

/** Tried beside one another in one cell, with a neighbour: none of them hurts the next. */
export const SHARED_CASES: readonly EscapeCase[] = [
  ...systemCallCases,
  ...networkCases,
  ...linkCases,
  ...unixSocketCases,
  ...jobCases,
  ...processCases,
  ...fileCases,
  ...systemViewCases,
  ...sshCases,
  ...plantedPathCases,
  ...hostileOutputCases,
];

/** Tried last, in a cell of their own: they fill it. */
export const FILLING_CASES: readonly EscapeCase[] = exhaustionCases;
