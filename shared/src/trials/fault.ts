import { z } from "zod";

/**
 * Who an infra fault speaks against. `said`: the node whose daemon reported it; `silent`: the node that was not heard; `lab`: what
 * nodes share (network, bus, a model server); `none`: nobody's machine. Only the first two are a reason to try another node.
 */
export type Blame = "said" | "silent" | "lab" | "none";

interface FaultRow {
  /** Whether another attempt can help. */
  readonly retry: boolean;
  readonly blame: Blame;
  /** What happened, for people. */
  readonly text: string;
  /** What an operator does about it. */
  readonly remedy: string;
}

/**
 * Infra faults: what went wrong with the instrument, never with the agent. The table, not the place
 * that noticed, says whether another attempt can help, whom it speaks against and what to do.
 */
export const FAULTS = {
  "node-lost": {
    retry: true,
    blame: "silent",
    text: "a node of the attempt stopped renewing its lease",
    remedy: "look at the machine and at its daemon's log; `redline node list` shows when it was heard last",
  },
  "node-restarted": {
    retry: true,
    blame: "said",
    text: "a node daemon ended and came back while the attempt ran",
    remedy: "read the end of that daemon's log for why it ended",
  },
  "node-refused": {
    retry: true,
    blame: "said",
    text: "a node refused the attempt",
    remedy: "the node says why; where it has no free slot, lower its slots or wait",
  },
  "node-draining": {
    retry: true,
    blame: "none",
    text: "a node was asked to stop taking work",
    remedy: "nothing: a node daemon was ended by a person; start it again to have the node back",
  },
  "peer-unreachable": {
    retry: true,
    blame: "lab",
    text: "the origin's daemon could not reach the target's daemon",
    remedy: "look at both daemons and at the bus between them",
  },
  "cell-failed": {
    retry: true,
    blame: "said",
    text: "a cell could not be built or did not come up",
    remedy: "read the node's log; `redline node selftest NODE` builds cells there and says what fails",
  },
  "cell-died": {
    retry: true,
    blame: "said",
    text: "a cell ended while the attempt ran",
    remedy: "look for what ended it: the kernel's log (memory), the node's log",
  },
  "link-lost": {
    retry: true,
    blame: "lab",
    text: "the road between the two cells ended while the agent ran",
    remedy: "look at the network between the two nodes",
  },
  "ssh-failed": {
    retry: true,
    blame: "said",
    text: "SSH into the cell failed or was lost",
    remedy: "read the node's log for what sshd of the cell said",
  },
  "specimen-failed": {
    retry: true,
    blame: "said",
    text: "the original's own model server or agent did not come up",
    remedy: "start the specimen by hand: `redline agent run` shows what it prints",
  },
  "specimen-missing": {
    retry: false,
    blame: "none",
    text: "the node has no such specimen, or it lacks weights",
    remedy: "put the specimen and its weights into a specimen folder of the node, and submit again",
  },
  "cannot-be-held": {
    retry: false,
    blame: "none",
    text: "the order asks for circumstances that a cell cannot hold, or not together",
    remedy: "change the condition in the study file: `redline study check` names the field",
  },
  "key-missing": {
    retry: false,
    blame: "none",
    text: "the node has no API key of the name which the study gives",
    remedy: "put the key into the node's key folder, and submit again",
  },
  "brain-not-allowed": {
    retry: false,
    blame: "none",
    text: "the node does not let studies use a brain at this address",
    remedy: "add the address to REDLINE_BRAIN_URLS of the node, or change the study",
  },
  "brain-unreachable": {
    retry: true,
    blame: "lab",
    text: "the brain's provider could not be reached, or never answered a question",
    remedy: "look at the model server, its address and its key",
  },
  "brain-changed": {
    retry: true,
    blame: "lab",
    text: "the brain's server answered as another model than at first",
    remedy: "have the server serve one model under one name for the whole study",
  },
  overdue: {
    retry: true,
    blame: "said",
    text: "the attempt took longer than all its steps together may",
    remedy: "look at how busy the node is; give it fewer slots",
  },
  "observer-failed": {
    retry: true,
    blame: "said",
    text: "the daemon could not observe the cell",
    remedy: "read the node's log; `redline node selftest NODE`",
  },
  "not-sterile": {
    retry: false,
    blame: "said",
    text: "a cell could not be proved gone after the attempt",
    remedy: "look at the machine for what was left, end it, then `redline node clear NODE`",
  },
  "over-cap": {
    retry: false,
    blame: "none",
    text: "more live copies came up than the cap allows, and the newest were ended",
    remedy: "nothing failed but the cap: raise limits.copies if the lab can hold more",
  },
  "preflight-failed": {
    retry: true,
    blame: "said",
    text: "a cell did not hold what it must before the attempt",
    remedy: "`redline node selftest NODE` says what does not hold",
  },
  "node-unfit": {
    retry: true,
    blame: "said",
    text: "a node has no green containment self-test on this boot",
    remedy: "`redline node selftest NODE`",
  },
  "node-quarantined": {
    retry: true,
    blame: "said",
    text: "a node is quarantined",
    remedy: "look at the machine, then `redline node clear NODE --why TEXT`",
  },
  "coordinator-silent": {
    retry: true,
    blame: "lab",
    text: "a node did not hear the coordinator and ended its cells",
    remedy: "look at the coordinator, the bus and the network; cells end without the coordinator's pulse",
  },
  "node-killed": {
    retry: true,
    blame: "none",
    text: "a person ended everything on a node",
    remedy: "nothing failed: `redline node clear NODE --why TEXT` gives the node back",
  },
  "evidence-late": {
    retry: true,
    blame: "silent",
    text: "evidence of a node did not arrive in time",
    remedy: "look at the node's daemon and its way to the bus; its records wait on its disk",
  },
  "gpu-missing": {
    retry: true,
    blame: "said",
    text: "a GPU that was placed is not there, or is in use by something else",
    remedy: "look at `nvidia-smi` on the node and end what else uses the GPU",
  },
  "version-skew": {
    retry: true,
    blame: "said",
    text: "a node and the coordinator do not speak the same protocol",
    remedy: "upgrade the side that the detail names; `redline node list` shows every node's version",
  },
  "command-undelivered": {
    retry: true,
    blame: "silent",
    text: "a node could not read its command, again and again",
    remedy: "read the node's log for why; the command is kept with its reason (`redline journal set-aside`)",
  },
  "study-moved": {
    retry: true,
    blame: "none",
    text: "the study was moved to another lab while the attempt ran",
    remedy: "nothing: the trial is tried again in the lab it moved to",
  },
  unexpected: {
    retry: true,
    blame: "said",
    text: "an error nobody planned for",
    remedy: "read the node's log, and report it with the journal's bundle of this trial",
  },
} as const satisfies Record<string, FaultRow>;

export type Fault = keyof typeof FAULTS;
const names = Object.keys(FAULTS);
export const faultSchema = z.custom<Fault>((value) => typeof value === "string" && names.includes(value), {
  error: "a known fault",
});
export const FAULT_NAMES: readonly Fault[] = names.map((name) => faultSchema.parse(name));
