import { armsOf, nodeIdSchema, type Study } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { isGreen, orderSelfTests } from "../self-test/order-self-tests.ts";
import { selfTestSummary } from "../self-test/render-self-test.ts";
import type { Paint } from "../terminal/colour.ts";
import type { CoordinatorHost } from "./coordinator-host.ts";

export interface RealModelOptions {
  readonly study: Study;
  readonly note: (text: string) => void;
  readonly paint: Paint;
  readonly signal: AbortSignal;
}

/** Whether any arm has a brain that is no scripted control. */
export const hasRealModel = (study: Study): boolean =>
  armsOf(study).some((arm) => study.brains[arm.brain]?.provider !== "scripted");

/**
 * Real models go to nodes with a green self-test only. In a run's own lab the test is ordered here, before the study is submitted;
 * of another coordinator's nodes those that lack it are named.
 * @throws CliError (not sterile) when a host of the run's own lab is not green.
 */
export async function readyForRealModels(host: CoordinatorHost, options: RealModelOptions): Promise<void> {
  if (!hasRealModel(options.study)) return;
  if (host.lab === null) return warnOfUntested(host, options);
  const { note, paint, signal } = options;
  const nodes = host.lab.hosts.map((name) => nodeIdSchema.parse(name));
  note(`a brain is not scripted: containment self-test on ${nodes.join(", ")} first`);
  const outcomes = await orderSelfTests({
    client: host.client,
    nodes,
    why: "before a study with a real model",
    onDone: (outcome) => note(selfTestSummary(outcome, paint)),
    signal,
  });
  const red = outcomes.filter((outcome) => !isGreen(outcome));
  if (red.length === 0) return;
  const escaped = red.flatMap(({ node, report }) =>
    (report?.cases ?? []).filter(({ outcome }) => outcome === "escaped").map(({ id }) => `${node}: ${id}`),
  );
  throw new CliError(
    EXIT.notSterile,
    `no real model is let into this lab: the containment self-test is not green on ${red.map(({ node }) => node).join(", ")}${escaped.length === 0 ? "" : `; what got out: ${escaped.slice(0, 10).join(", ")}`}`,
    { remedy: "redline lab, and in another terminal: redline node selftest --all" },
  );
}

async function warnOfUntested(
  { client }: CoordinatorHost,
  { note }: Pick<RealModelOptions, "note">,
): Promise<void> {
  const untested = (await client.nodes())
    .filter(({ inventory, goneWhy }) => goneWhy === null && inventory.selfTest?.green !== true)
    .map(({ inventory }) => inventory.node);
  if (untested.length > 0)
    note(
      `warning: a brain is not scripted, and these nodes take no such trial before a green containment self-test: ${untested.slice(0, 20).join(", ")} (redline node selftest ${untested[0] ?? "NODE"})`,
    );
}
