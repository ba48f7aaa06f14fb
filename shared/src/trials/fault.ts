import { z } from "zod";

/**
 * Infra faults: what went wrong with the instrument, never with the agent. The table, not the place
 * that noticed, says whether another attempt can help.
 */
export const FAULTS = {
  "node-lost": { retry: true, text: "a node of the attempt stopped renewing its lease" },
  "node-restarted": { retry: true, text: "a node daemon ended and came back while the attempt ran" },
  "node-refused": { retry: true, text: "a node refused the attempt" },
  "node-draining": { retry: true, text: "a node was asked to stop taking work" },
  "peer-unreachable": { retry: true, text: "the origin's daemon could not reach the target's daemon" },
  "cell-failed": { retry: true, text: "a cell could not be built or did not come up" },
  "cell-died": { retry: true, text: "a cell ended while the attempt ran" },
  "link-lost": { retry: true, text: "the road between the two cells ended while the agent ran" },
  "ssh-failed": { retry: true, text: "SSH into the cell failed or was lost" },
  "specimen-failed": { retry: true, text: "the original's own model server or agent did not come up" },
  "specimen-missing": { retry: false, text: "the node has no such specimen, or it lacks weights" },
  "cannot-be-held": {
    retry: false,
    text: "the order asks for circumstances that a cell cannot hold, or not together",
  },
  "key-missing": { retry: false, text: "the node has no API key of the name which the study gives" },
  "brain-not-allowed": { retry: false, text: "the node does not let studies use a brain at this address" },
  "brain-unreachable": {
    retry: true,
    text: "the brain's provider could not be reached, or never answered a question",
  },
  "brain-changed": { retry: true, text: "the brain's server answered as another model than at first" },
  overdue: { retry: true, text: "the attempt took longer than all its steps together may" },
  "observer-failed": { retry: true, text: "the daemon could not observe the cell" },
  "not-sterile": { retry: false, text: "a cell could not be proved gone after the attempt" },
  "over-cap": {
    retry: false,
    text: "more live copies came up than the cap allows, and the newest were ended",
  },
  "preflight-failed": { retry: true, text: "a cell did not hold what it must before the attempt" },
  "node-unfit": { retry: true, text: "a node has no green containment self-test on this boot" },
  "node-quarantined": { retry: true, text: "a node is quarantined" },
  "coordinator-silent": { retry: true, text: "a node did not hear the coordinator and ended its cells" },
  "node-killed": { retry: true, text: "a person ended everything on a node" },
  "evidence-late": { retry: true, text: "evidence of a node did not arrive in time" },
  "gpu-missing": { retry: true, text: "a GPU that was placed is not there, or is in use by something else" },
  "version-skew": { retry: true, text: "a node and the coordinator do not speak the same protocol" },
  "command-undelivered": { retry: true, text: "a node could not read its command, again and again" },
  "study-moved": { retry: false, text: "the study was moved to another lab" },
  unexpected: { retry: true, text: "an error nobody planned for" },
} as const satisfies Record<string, { retry: boolean; text: string }>;

export type Fault = keyof typeof FAULTS;
const names = Object.keys(FAULTS);
export const faultSchema = z.custom<Fault>((value) => typeof value === "string" && names.includes(value), {
  error: "a known fault",
});
export const FAULT_NAMES: readonly Fault[] = names.map((name) => faultSchema.parse(name));
