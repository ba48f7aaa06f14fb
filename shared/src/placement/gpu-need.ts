import { z } from "zod";

/** What a device of a trial needs of GPUs; all of them on one node. */
export const gpuNeedSchema = z.strictObject({
  count: z.int().min(1).max(16),
  memoryMiB: z.int().min(1).optional().meta({ description: "Memory of each GPU, MiB, at least." }),
  model: z.string().min(1).max(120).optional().meta({
    description: "Part of the model's name, as nvidia-smi gives it; upper and lower case are the same.",
  }),
});
export type GpuNeed = z.infer<typeof gpuNeedSchema>;

/** A GPU that a device was given: its index on the node, and what it is for certain. */
const placedGpuSchema = z.strictObject({ index: z.int().min(0).max(255), uuid: z.string().max(80) });
export type PlacedGpu = z.infer<typeof placedGpuSchema>;
export const placedGpusSchema = z.strictObject({
  origin: z.array(placedGpuSchema).max(16),
  target: z.array(placedGpuSchema).max(16),
});
export type PlacedGpus = z.infer<typeof placedGpusSchema>;
