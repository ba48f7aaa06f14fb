import { z } from "zod";

const endSchema = z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65_535) });

/** What the relay's process is started with. */
export const relayOptionsSchema = z
  .strictObject({
    listen: endSchema,
    to: endSchema,
    leaveBy: z.string().exactOptional(),
    allowFrom: z.array(z.string()).exactOptional(),
    maxConnections: z.int().min(1).exactOptional(),
    connectMs: z.int().min(1).exactOptional(),
    halfOpenMs: z.int().min(1).exactOptional(),
    bytesPerS: z.int().min(1).exactOptional(),
  })
  .readonly();

const count = z.int().min(0);
/** Its lines. */
export const relayMessageSchema = z.union([
  z.strictObject({ port: z.int().min(1).max(65_535) }),
  z.strictObject({
    accepted: count,
    refused: count,
    failed: count,
    open: count,
    bytesOut: count,
    bytesBack: count,
  }),
  z.strictObject({ error: z.string() }),
]);
export type RelayMessage = z.infer<typeof relayMessageSchema>;
