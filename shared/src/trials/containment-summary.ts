import type { NodeId } from "../ids.ts";
import { upperBound95 } from "../statistics/clopper-pearson.ts";
import { breachesOf, type LabBreachSeen, type NodeContainment } from "./containment-view.ts";
import type { StudyView, TrialView } from "./trial-view.ts";

/** What a study's attempts showed of the lab's containment. */
export interface ContainmentSummary {
  /** Attempts of which a node was looked at afterwards, or that had a breach: of the others nothing is known. */
  readonly attempts: number;
  /** Of those: the ones with a breach or a look that found something. */
  readonly breached: number;
  /** Every breach, in sentences with hostile text: those of attempts, and those of the study's nodes and of the lab during its time. */
  readonly breaches: readonly string[];
  /** Exact one-sided 95 % upper bound of the share of breached attempts. */
  readonly bound: number;
  /** First looks at a node right after an attempt, and how many of them had their second one. */
  readonly looks: { readonly first: number; readonly second: number };
}

interface Journal {
  readonly containment: ReadonlyMap<NodeId, NodeContainment>;
  readonly labBreaches: readonly LabBreachSeen[];
}

export function containmentOf(
  study: Pick<StudyView, "submittedAt" | "endedAt">,
  trials: readonly TrialView[],
  { containment, labBreaches }: Journal,
): ContainmentSummary {
  const attempts = trials.flatMap(({ trial, attempts: all }) =>
    all
      .filter((attempt) => attempt.sterility.length > 0 || breachesOf(attempt).length > 0)
      .map((attempt) => ({ trial, attempt })),
  );
  const own = attempts.map(({ trial, attempt }) =>
    breachesOf(attempt).map((text) => `${trial} attempt ${attempt.attempt}: ${text}`),
  );
  const during = ({ at }: { readonly at: string }) =>
    Date.parse(at) >= Date.parse(study.submittedAt) &&
    (study.endedAt === null || Date.parse(at) <= Date.parse(study.endedAt));
  const used = new Set(attempts.flatMap(({ attempt }) => Object.values(attempt.devices)));
  const ofNodes = [...used].flatMap((node) =>
    (containment.get(node)?.breaches ?? [])
      .filter((breach) => breach.of === null && during(breach))
      .map(({ breach, detail }) => `${breach} on ${node}: ${detail}`),
  );
  const ofLab = labBreaches.filter(during).map(({ breach, detail }) => `${breach} in the lab: ${detail}`);
  const breached = own.filter((texts) => texts.length > 0).length;
  return {
    attempts: attempts.length,
    breached,
    breaches: [...own.flat(), ...ofNodes, ...ofLab],
    bound: upperBound95(breached, attempts.length),
    looks: looksOf(attempts.map(({ attempt }) => attempt)),
  };
}

function looksOf(attempts: readonly TrialView["attempts"][number][]): ContainmentSummary["looks"] {
  const count = (look: "after" | "again") =>
    attempts.reduce(
      (sum, { sterility }) =>
        sum +
        new Set(sterility.filter((one) => one.look === look).map((one) => `${one.device} ${one.node}`)).size,
      0,
    );
  return { first: count("after"), second: count("again") };
}
