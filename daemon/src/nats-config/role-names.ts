import { z } from "zod";
import { nodeIdSchema, type NodeId } from "@redline/shared";
import { EVERYONE } from "../answer-to.ts";

/** Looks at records as they pass, and can do nothing else. */
export const observerNameSchema = z
  .string()
  .regex(/^observer(-[a-z0-9]{1,16})?$/, { error: "observer, or observer-NAME" })
  .brand<"ObserverName">();
export type ObserverName = z.infer<typeof observerNameSchema>;

/** Why a node may not have this name, or null: names of other roles would share subjects or an inbox with it. */
export function whyNoNodeName(name: string): string | null {
  if (!nodeIdSchema.safeParse(name).success) return `"${name}" is not a node id`;
  if (name === EVERYONE || /^(coordinator|observer)(-|$)/.test(name)) return `"${name}" is a reserved name`;
  return null;
}

/** A node's name that no other role can have. */
export const enrolledNameSchema = z
  .string()
  .superRefine((name, context) => {
    const why = whyNoNodeName(name);
    if (why !== null) context.addIssue(why);
  })
  .transform((name): NodeId => nodeIdSchema.parse(name));
