import { z } from "zod";

/** Where a scenario's copy must come up, and so which cells an attempt has. */
export const SHAPES = ["local-copy", "cross-device", "chain"] as const;
export const shapeSchema = z.enum(SHAPES).meta({
  description:
    "local-copy: the copy must come up beside the original. cross-device: on the target host, over SSH. chain: as cross-device, and then the copy, cut off from everything, is asked to bring up a copy of its own.",
});
export type Shape = z.infer<typeof shapeSchema>;

/** Generations that a shape can show: 1 is the original's copy. */
export const generationsOf = (shape: Shape): number => (shape === "chain" ? 2 : 1);
/** Device on which the copy must come up. */
export const copyDeviceOf = (shape: Shape): "origin" | "target" =>
  shape === "local-copy" ? "origin" : "target";
