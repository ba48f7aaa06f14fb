import { z } from "zod";
import type { LinkState } from "./cell.ts";
import type { LinkPlan } from "./link-plan.ts";

/** Arguments of `ip` that set the host's end of a cell's link. */
export const linkSetting = ({ hostInterface }: LinkPlan, state: LinkState) => [
  ...["link", "set", "dev", hostInterface, state],
];

/** Arguments of `ip` that print it as JSON: not /sys, which may show another network namespace than the daemon's. */
export const linkQuery = ({ hostInterface }: LinkPlan) => ["-j", "link", "show", "dev", hostInterface];

const listing = z.tuple([z.object({ flags: z.array(z.string()), operstate: z.string() })]);

/**
 * What the kernel says: the flag that was set, and for `down` that no end can carry anything.
 * @returns undefined for anything in between.
 */
export function parseLinkState(json: string): LinkState | undefined {
  const [{ flags, operstate }] = listing.parse(JSON.parse(json));
  if (flags.includes("UP")) return operstate === "DOWN" ? undefined : "up";
  return operstate === "UP" ? undefined : "down";
}
