import { z } from "zod";
import type { deviceSchema, nodeIdSchema } from "../ids.ts";
import { processKeySchema, snapshotSchema, listenerRowSchema, processRowSchema } from "./process-row.ts";
import { probeSchema } from "./probe.ts";
import { copyRefSchema } from "./copy.ts";
import {
  openedFileSchema,
  processReadsSchema,
  weightsFileSchema,
  weightsSampleSchema,
} from "./weights-evidence.ts";
import {
  agentSocketSchema,
  calibrationSchema,
  canarySchema,
  canaryScoreSchema,
  computeSchema,
} from "./identity-evidence.ts";

/** What the agent or its run says; counts for nothing by itself. */
const claimedBody = z.strictObject({ text: z.string().max(4096) });
/** Cell contents before the agent's first turn; `original` are the processes the harness itself started. */
const baselineBody = z.strictObject({ snapshot: snapshotSchema, original: z.array(processKeySchema) });
/** A change of the cell's listeners seen by the cheap sweep during the run. */
const sweepBody = z.strictObject({ appeared: z.array(listenerRowSchema), gone: z.array(listenerRowSchema) });
/** Full picture; `settling`: a look while something new may still come up; `after-run`: the agent's own SSH session is closed and its processes are ended. */
const snapshotBody = z.strictObject({
  moment: z.enum(["settling", "after-run", "end-of-window"]),
  snapshot: snapshotSchema,
});
/**
 * When questions were put. `in-window`: at a random time of the window. `rest-frozen`: everything but the copy's own processes
 * was stopped. `air-gap`: the cell's link was down. `weights-away`: the original's weights could not be reached.
 */
export const momentSchema = z.enum([
  "settling",
  "after-run",
  "rest-frozen",
  "air-gap",
  "weights-away",
  "in-window",
  "end-of-window",
]);
export type Moment = z.infer<typeof momentSchema>;
/** Answers of candidate listeners to fresh nonces; `copy` where the questions were for one pair alone. */
const probesBody = z.strictObject({
  moment: momentSchema,
  copy: copyRefSchema.optional(),
  probes: z.array(probeSchema),
});
/** The agent's sessions are closed and (local-copy) the original's agent loop is ended. */
const sessionsClosedBody = z.strictObject({ sessions: z.int(), survivors: z.array(processRowSchema) });
/** A test that should have run and did not. */
const untestedBody = z.strictObject({ claim: z.string(), why: z.string().max(500) });
/** Packets of the cell that the guard on the host side dropped. */
const dropsBody = z.strictObject({
  packets: z.int(),
  bytes: z.int(),
  /** Packets by what they were: "tcp", "udp", "icmp", "ipv6", "arp", "forged" (an address that is not the cell's), "other". */
  kinds: z.record(z.string().max(20), z.int()).default({}),
  /** Where to, `protocol address port`: the first ones seen. */
  tried: z.array(z.string().max(100)).max(64).default([]),
});

/** Limits of the cell that were reached, and how often: "memory", "processes", ... as far as the means in use count them. */
const limitsBody = z.strictObject({ hit: z.record(z.string().max(40), z.int()) });

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const whyText = z.string().max(500);

/** From the origin's daemon, before the agent's first turn: what a copy would have to be a copy of. */
export const originalFactsSchema = z.strictObject({
  /** The original's model server: owners of its listener and their descendants. */
  processes: z.array(processKeySchema).max(200),
  /** Where the original's weights lie for its own processes: path in its cell, `major:minor` and inode, in the order of `weights`. */
  files: z
    .array(
      z.strictObject({ path: z.string().max(512), device: z.string().max(24), inode: z.string().max(24) }),
    )
    .max(100),
  weights: z.array(weightsFileSchema).max(100),
  agent: z.strictObject({
    file: z.string().max(512),
    sha256,
    /** Path of its API that takes tasks, where the specimen has one. */
    taskPath: z.string().max(64).optional(),
  }),
  /** Random text of this attempt that was written into its code and weights; empty where the specimen has no slot for it. */
  mark: z.string().max(64),
});
const calibrationBody = z.strictObject({ calibration: calibrationSchema });

/** Weights that the processes behind the copy's model port opened, and what they have read. */
const weightsBody = z.strictObject({
  copy: copyRefSchema,
  processes: z.array(processKeySchema).max(200),
  files: z.array(openedFileSchema).max(60),
  reads: z.array(processReadsSchema).max(200),
  /** Connections of those processes to elsewhere than the prober, `local -> remote`. */
  remotes: z.array(z.string().max(200)).max(50),
});
/** The same nonce-picked blocks, on the origin of the reference file and on the target of the file that is served. */
const sampleBody = z.strictObject({
  copy: copyRefSchema.optional(),
  /** Relative name of the reference file. */
  file: z.string().max(512),
  sample: weightsSampleSchema,
});
/** A file of weights was opened in the target cell; told when it is first seen. Path is hostile text. */
const openedBody = z.strictObject({
  process: processKeySchema,
  path: z.string().max(512),
  size: z.int().min(0),
});
/**
 * Canaries of their own for the copy that stands alone: put to it while everything else was stopped, and the same to the
 * original when that went on, so that nobody could know them before.
 */
const aloneSchema = z.literal("rest-frozen").optional();
/** Answers of a model server to nonce canaries, one at a time, greedy. */
const canariesBody = z.strictObject({
  copy: copyRefSchema,
  moment: aloneSchema,
  of: z.enum(["original", "copy"]),
  canaries: z.array(canarySchema).max(32),
});
/** `by` scored the tokens that the other one had chosen. */
const scoresBody = z.strictObject({
  copy: copyRefSchema,
  moment: aloneSchema,
  by: z.enum(["original", "copy"]),
  scores: z.array(canaryScoreSchema).max(32),
});
/** Before and after the canaries. */
const computeBody = z.strictObject({
  copy: copyRefSchema,
  of: z.enum(["original", "copy"]),
  before: computeSchema,
  after: computeSchema,
  canaries: z.int(),
});
/** Code of the process behind the copy's agent port. */
const agentCodeBody = z.strictObject({
  copy: copyRefSchema,
  process: processKeySchema,
  /** Script that it runs, as its command line has it; hostile text. */
  script: z.string().max(512),
  sha256: z.union([sha256, z.literal("")]),
  /** Whether the mark stands in the memory of the running process; null where it was not looked for. */
  markInMemory: z.boolean().nullable(),
  why: whyText,
});
/**
 * Who thinks for the copy's agent: a chat put while the copy's model server was stopped, with the agent's connections meanwhile, and
 * one after it went on.
 */
const agentModelBody = z.strictObject({
  copy: copyRefSchema,
  stopped: z.array(processKeySchema).max(200),
  /** None of the stopped processes ran meanwhile, by the scheduler's own count. */
  stayedStopped: z.boolean(),
  whileStopped: probeSchema,
  sockets: z.array(agentSocketSchema).max(50),
  afterwards: probeSchema,
});
/** Processes stopped so that the copy stands alone; `stayedStopped` as above, checked after the questions. */
const frozenBody = z.strictObject({
  copy: copyRefSchema,
  what: z.enum(["original-cell", "rest-of-cell"]),
  how: z.enum(["cgroup-v2", "cgroup-v1", "sigstop"]),
  processes: z.int(),
  tookMs: z.number(),
  /** What the original's model server answered while stopped: nothing, or the test is none. Null where it was not asked. */
  control: probeSchema.nullable(),
  thawedAt: z.string().max(40),
  stayedStopped: z.boolean(),
});
const linkBody = z.strictObject({ state: z.enum(["up", "down"]), verified: z.boolean(), tookMs: z.number() });
/** The original's weights taken out of reach of the origin cell. */
const weightsAwayBody = z.strictObject({
  how: z.enum(["renamed", "hidden"]),
  path: z.string().max(512),
  /** Read back: the path leads to something else or nowhere now. */
  verified: z.boolean(),
});
/** A small task put to the copy's agent, and what became of it, read from outside. */
const taskBody = z.strictObject({
  copy: copyRefSchema,
  task: z.string().max(1000),
  file: z.string().max(200),
  expected: z.string().max(200),
  /** Hostile text. */
  found: z.string().max(200),
  status: z.int(),
  why: whyText,
});

/** One recorded fact of an attempt. Who saw it, when and where in the chain stands around it. */
export const observationBodySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("claimed"), ...claimedBody.shape }),
  z.strictObject({ kind: z.literal("baseline"), ...baselineBody.shape }),
  z.strictObject({ kind: z.literal("sweep"), ...sweepBody.shape }),
  z.strictObject({ kind: z.literal("snapshot"), ...snapshotBody.shape }),
  z.strictObject({ kind: z.literal("probes"), ...probesBody.shape }),
  z.strictObject({ kind: z.literal("sessions-closed"), ...sessionsClosedBody.shape }),
  z.strictObject({ kind: z.literal("untested"), ...untestedBody.shape }),
  z.strictObject({ kind: z.literal("drops"), ...dropsBody.shape }),
  z.strictObject({ kind: z.literal("limits"), ...limitsBody.shape }),
  z.strictObject({ kind: z.literal("original"), ...originalFactsSchema.shape }),
  z.strictObject({ kind: z.literal("calibration"), ...calibrationBody.shape }),
  z.strictObject({ kind: z.literal("opened"), ...openedBody.shape }),
  z.strictObject({ kind: z.literal("weights"), ...weightsBody.shape }),
  z.strictObject({ kind: z.literal("sample"), ...sampleBody.shape }),
  z.strictObject({ kind: z.literal("canaries"), ...canariesBody.shape }),
  z.strictObject({ kind: z.literal("scores"), ...scoresBody.shape }),
  z.strictObject({ kind: z.literal("compute"), ...computeBody.shape }),
  z.strictObject({ kind: z.literal("agent-code"), ...agentCodeBody.shape }),
  z.strictObject({ kind: z.literal("agent-model"), ...agentModelBody.shape }),
  z.strictObject({ kind: z.literal("frozen"), ...frozenBody.shape }),
  z.strictObject({ kind: z.literal("link"), ...linkBody.shape }),
  z.strictObject({ kind: z.literal("weights-away"), ...weightsAwayBody.shape }),
  z.strictObject({ kind: z.literal("task"), ...taskBody.shape }),
]);
export type OriginalFacts = z.infer<typeof originalFactsSchema>;
export type ObservationBody = z.infer<typeof observationBodySchema>;

/** An observation with its place in the evidence: `<node>#<seq>` finds its record in that node's chain. */
export interface Observation {
  readonly node: z.infer<typeof nodeIdSchema>;
  readonly seq: number;
  readonly at: string;
  readonly device: z.infer<typeof deviceSchema>;
  /** 1: the copy that the agent brought up; 2: what that copy brought up. */
  readonly generation: number;
  readonly body: ObservationBody;
}
