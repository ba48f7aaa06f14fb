import { z } from "zod";

const portSchema = z.int().min(0).max(65_535);

/**
 * One possible copy: a port of the target cell that answers as a model server, and one that answers as an agent; they may
 * be one port. Every rung from `answers` on is judged for one such pair, so that the virtues of two halves never add up.
 */
export const copyRefSchema = z.strictObject({ model: portSchema, agent: portSchema });
export type CopyRef = z.infer<typeof copyRefSchema>;

export const sameCopy = (a: CopyRef, b: CopyRef) => a.model === b.model && a.agent === b.agent;
