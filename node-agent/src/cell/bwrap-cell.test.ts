import { expect, it } from "vitest";
import { BwrapCell } from "./bwrap-cell.ts";
import { BwrapProcess } from "./bwrap-process.ts";
import type { EmptiedFor } from "./cell.ts";
import { linkPlan } from "./link-plan.ts";

const tools = { bwrap: "bwrap", ip: "ip", nft: "nft", nsenter: "nsenter", sshd: "", tar: "", bash: "bash" };

/** A cell whose process still waits for its descriptors, in no namespace: nothing is there to be ended. */
function waiting(): BwrapCell {
  const process = new BwrapProcess({ tools, netnsPath: "/nowhere", dropTo: undefined, joins: [], args: [] });
  return new BwrapCell({
    ...{ id: "c", plan: linkPlan(0), tools, process, initPid: 2 ** 30 },
    held: { ids: {}, [Symbol.dispose]: () => undefined },
    limits: { hits: () => ({}), remove: () => Promise.resolve([]) },
    ...{ hostKey: "", facts: {}, stateDir: "/nowhere", onRemoved: () => undefined },
  });
}

it.each<[EmptiedFor | undefined, string]>([
  ["over-cap", "over-cap"],
  ["limit", "limit"],
  [undefined, "destroyed"],
])("a cell that is emptied for %s died of %s", async (reason, told) => {
  const cell = waiting();
  await cell.empty(reason);
  // The first reason stands.
  await cell.empty("over-cap");
  expect(await cell.died).toEqual({ reason: told });
});
