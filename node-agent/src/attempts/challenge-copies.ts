import { generationsOf, type ChallengeStep, type Limits } from "@redline/shared";
import { ChallengedDevice } from "../challenge/challenged-device.ts";
import { leadChallenges } from "../challenge/lead-challenges.ts";
import type { OriginalSide } from "../challenge/original-side.ts";
import type { TargetLink } from "../peer/target-link.ts";
import { AttemptFault } from "./attempt-fault.ts";
import type { PartContext } from "./device-part.ts";

/** Leads the challenges: of this node's own device in a local trial, else of the target's over the bus. */
export async function challengeCopies(
  { order, signal }: PartContext,
  original: OriginalSide,
  copies: ChallengedDevice | TargetLink | null,
): Promise<void> {
  if (copies === null) throw new AttemptFault("unexpected", "nobody watches for copies");
  let number = 0;
  await leadChallenges({
    original,
    apart: !(copies instanceof ChallengedDevice),
    generations: generationsOf(order.scenario.shape),
    ask: (generation, facts, step) => {
      number += 1;
      const request = { generation, number, original: facts, step };
      if (copies instanceof ChallengedDevice) return copies.take(request);
      return copies.challenge({ key: order.key, ...request }, waitOf(step, order.limits), signal);
    },
  });
}

/** What a step may wait by its own, seconds. */
function waitOf(step: ChallengeStep, limits: Limits): number {
  if (step.do === "settle") return limits.settleS;
  if (step.do === "window") return limits.persistS;
  return step.do === "replicate" ? limits.timeS : 0;
}
