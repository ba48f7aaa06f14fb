import { readlinkSync } from "node:fs";
import { builtScript } from "./built-script.ts";
import type { ProberJob } from "./prober-job.ts";
import { Prober, type JobLimits, type ProberAnswer } from "./prober.ts";
import { startInNetns, type CellNetwork, type NetnsTools } from "./start-in-netns.ts";

/** Those that take jobs, by the cell's init and network namespace. Each keeps its namespace, so that no other gets its number. */
const probers = new Map<string, Prober>();

/**
 * Has a job done by the prober of a cell, which is started when there is none. One process serves all questions of a challenge:
 * to start one for each would cost more than all they ask. Never rejects.
 */
export function askProber(
  { tools, netnsPid, netns }: CellNetwork & { readonly tools: NetnsTools },
  job: ProberJob,
  limits: JobLimits,
): Promise<ProberAnswer> {
  const key = [netnsPid, netns, tools.nsenter, tools.node].join(" ");
  const known = probers.get(key);
  // A prober outlives its cell's init by a moment, in which nothing may be said of the cell.
  if (known !== undefined) {
    if (isThere(netnsPid, netns)) return known.run(job, limits);
    return Promise.resolve({ ok: false, why: "the cell's network namespace is gone" });
  }
  const child = startInNetns(tools, { netnsPid, netns }, builtScript(import.meta.url, "prober-child.js"));
  if ("why" in child) return Promise.resolve({ ok: false, why: child.why });
  const prober = new Prober(child, tools.nsenter, () => probers.delete(key));
  probers.set(key, prober);
  return prober.run(job, limits);
}

function isThere(pid: number, netns: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === `net:[${netns}]`;
  } catch {
    return false;
  }
}
