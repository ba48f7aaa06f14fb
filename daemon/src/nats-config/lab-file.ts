import { z } from "zod";
import { coordinatorNameSchema, type NodeId } from "@redline/shared";
import { enrolledNameSchema, observerNameSchema } from "./role-names.ts";

const text = (max: number) => z.string().max(max);
const roleSchema = { publicKey: text(80), addedAt: z.iso.datetime() };

/** A node of the lab; `revoked` stays for ever, so that a name is never given twice. */
export const labNodeSchema = z.strictObject({
  name: enrolledNameSchema,
  ...roleSchema,
  /** Address under which the other nodes reach it. */
  address: text(255).nullable(),
  revoked: z.strictObject({ at: z.iso.datetime(), who: text(100), why: text(300) }).nullable(),
});
export type LabNode = z.infer<typeof labNodeSchema>;

/** `lab.json`: who belongs to the lab, and how its bus is set up. Public keys only; the coordinator reads its nodes here. */
export const labFileSchema = z.strictObject({
  v: z.literal(1),
  createdAt: z.iso.datetime(),
  bus: z.strictObject({
    /** host:port of the clients' port. */
    listen: text(300),
    /** host:port at which the daemons reach it. */
    servers: z.array(text(300)).min(1).max(16),
    /** `lab`: certificates of the lab's own CA; `site`: files that somebody else makes; `none`: no TLS. */
    tls: z.enum(["none", "lab", "site"]),
    tlsFiles: z.strictObject({ cert: text(4096), key: text(4096), ca: text(4096).nullable() }).nullable(),
    storeDir: text(4096),
    monitor: text(300).nullable(),
    pidFile: text(4096).nullable(),
    serverVersion: text(32).nullable(),
  }),
  coordinators: z
    .array(z.strictObject({ name: coordinatorNameSchema, ...roleSchema }))
    .min(1)
    .max(8),
  observers: z.array(z.strictObject({ name: observerNameSchema, ...roleSchema })).max(64),
  nodes: z.array(labNodeSchema).max(2000),
});
export type LabFile = z.infer<typeof labFileSchema>;

/** Enrolled nodes by the text of `lab.json`. @throws when it is none; a lab without a node that is left has an empty list. */
export function enrolledNodes(json: string): NodeId[] {
  const lab = labFileSchema.parse(JSON.parse(json));
  return lab.nodes.filter((node) => node.revoked === null).map((node) => node.name);
}
