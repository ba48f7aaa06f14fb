import { probeSchema, type Probe } from "@redline/shared";
import type { CandidatePort } from "../candidate-ports.ts";
import { askProber } from "./ask-prober.ts";
import {
  limitsFor,
  MOST_PROBES_PER_CANDIDATE,
  probePlan,
  type ProbeLimits,
  type Wanted,
} from "./probe-plan.ts";
import type { CellNetwork, NetnsTools } from "./start-in-netns.ts";

export type ProbesResult =
  | { readonly ok: true; readonly probes: readonly Probe[]; readonly tookMs: number }
  /** The instrument could not ask: `untested`, never a refutation. */
  | { readonly ok: false; readonly why: string };

export interface ProbePortsOptions extends CellNetwork {
  readonly tools: NetnsTools;
  readonly candidates: readonly CandidatePort[];
  /** A fresh random string at each call: `() => randomBytes(12).toString("hex")`. */
  readonly nonce: () => string;
  /** Absent: everything to every candidate. */
  readonly wanted?: readonly Wanted[];
  /** `limitsFor` the number of candidates by default. */
  readonly limits?: ProbeLimits;
  readonly signal?: AbortSignal;
}

/** Beyond the plan's own total time: start of the child and its last lines. */
const GRACE_MS = 3000;
/** A probe's JSON is at most about 16,000 characters (2,048 escaped ones). */
const MOST_CHARS_PER_CANDIDATE = MOST_PROBES_PER_CANDIDATE * 16_384;

/**
 * Puts all questions to all candidates through the prober in the cell's network namespace. Probes
 * of one port stand in the order they were put; those of different ports are interleaved.
 */
export async function probePorts(options: ProbePortsOptions): Promise<ProbesResult> {
  const { candidates, nonce, limits = limitsFor(candidates.length) } = options;
  if (candidates.length === 0) return { ok: true, probes: [], tookMs: 0 };
  const start = performance.now();
  const asked = await askProber(
    options,
    { do: "ports", plan: probePlan(candidates, nonce, limits, options.wanted) },
    {
      limitMs: limits.totalMs + GRACE_MS,
      maxOutputChars: candidates.length * MOST_CHARS_PER_CANDIDATE,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  );
  if (!asked.ok) return asked;
  const probes: Probe[] = [];
  for (const result of asked.results) {
    const probe = probeSchema.safeParse(result);
    if (!probe.success) return { ok: false, why: "the prober wrote a line that is no probe" };
    probes.push(probe.data);
  }
  return { ok: true, probes, tookMs: performance.now() - start };
}
