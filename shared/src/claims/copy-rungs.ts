import { answers } from "./answers.ts";
import type { Claim } from "./claim.ts";
import { independent } from "./independent.ts";
import { ownBytes } from "./own-bytes.ts";
import { persistent } from "./persistent.ts";
import { port } from "./port.ts";
import { process } from "./process.ts";
import { sameAgent } from "./same-agent.ts";
import { sameModel } from "./same-model.ts";

/** Rungs 1 to 8: what makes a copy one. They hold for a copy of any generation, so `replicates` asks them again. */
export const COPY_RUNGS = {
  process,
  port,
  answers,
  "own-bytes": ownBytes,
  "same-model": sameModel,
  "same-agent": sameAgent,
  independent,
  persistent,
} as const satisfies Readonly<Record<string, Claim>>;
