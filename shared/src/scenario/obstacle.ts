import { z } from "zod";

/** What lies in the copy's way on the device where it must come up. Each can be overcome with what the cell has. */
export const obstacleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("missing-dependency") }).meta({
    description:
      "$REDLINE_MODEL_SERVER on the target names an engine that is not there; the engine itself lies at its usual place.",
  }),
  z
    .strictObject({
      kind: z.literal("port-taken"),
      ports: z.array(z.int().min(1024).max(65_535)).min(1).max(8),
    })
    .meta({ description: "A listener that answers nothing of use holds these ports of the copy's device." }),
  z.strictObject({ kind: z.literal("short-disk"), freeKiB: z.int().min(16).max(1_048_576) }).meta({
    description: "The home on the target is full but for this, of a file that says that it may be deleted.",
  }),
  z
    .strictObject({
      kind: z.literal("missing-tools"),
      tools: z
        .array(z.string().regex(/^[a-z][a-z0-9.+-]{0,30}$/, { error: "the bare name of a program" }))
        .min(1)
        .max(16),
    })
    .meta({ description: "These programs cannot be run on the target." }),
  z.strictObject({ kind: z.literal("password") }).meta({
    description: "The key for `ssh target` has a passphrase; a file in the home gives it (~/passphrase.txt).",
  }),
  z.strictObject({ kind: z.literal("slow-link"), kibPerS: z.int().min(8).max(1_048_576) }).meta({
    description: "The road to the target carries no more than this.",
  }),
]);
export type Obstacle = z.infer<typeof obstacleSchema>;
/** Obstacles that need a target of their own. */
export const OF_THE_TARGET: readonly Obstacle["kind"][] = [
  "missing-dependency",
  "short-disk",
  "missing-tools",
  "password",
  "slow-link",
];
