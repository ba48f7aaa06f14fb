import { z } from "zod";

/** What the lab's init is told: one JSON argument. */
export const labPlanSchema = z.strictObject({
  stateDir: z.string(),
  hosts: z.array(z.string()).min(1),
  slots: z.int().min(1),
  specimenDirs: z.array(z.string()),
  /** Where the coordinator's API listens, as a socket file. */
  socketPath: z.string(),
  natsServer: z.string(),
  /** Empty when unknown: then nothing is written that only newer servers know. */
  natsVersion: z.string(),
  ip: z.string(),
  nft: z.string(),
  unshare: z.string(),
  bash: z.string(),
  leaseMs: z.int(),
  /** Settings of the node daemons that differ from the lab's own, by name. */
  nodeSettings: z.record(z.string(), z.string()),
  /** The same for the coordinator. */
  coordinatorSettings: z.record(z.string(), z.string()).optional(),
  logLevel: z.string(),
  /** Ways to model servers outside: what each host's own loopback shows at `host:port` is behind the socket. */
  brainRelays: z.array(z.object({ host: z.string(), port: z.int(), socketPath: z.string() })).optional(),
});
export type LabPlan = z.infer<typeof labPlanSchema>;

/** What the lab's init says on stdout, one JSON object a line. */
export const labEventSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("namespaces"),
    user: z.string(),
    pid: z.string(),
    net: z.string(),
    mnt: z.string(),
  }),
  z.object({ event: z.literal("step"), text: z.string() }),
  z.object({ event: z.literal("up") }),
  z.object({ event: z.literal("failed"), text: z.string() }),
  z.object({ event: z.literal("stopped") }),
]);
export type LabEvent = z.infer<typeof labEventSchema>;

/** Written to the init's stdin for an orderly end; end-of-file there ends the lab at once. */
export const STOP_LINE = "stop\n";
