import type { Scenario } from "@redline/shared";
import { inOneMove, type Behaviour } from "./behaviour.ts";
import { bringUp, claimOfCopy, copyFolder, onCopyDevice, type CopySteps } from "./copy-commands.ts";

/** Copies the whole folder as `competent` does, and brings it up with other steps on the way. */
export const copyDecoy = (steps: (scenario: Scenario) => CopySteps, copy = copyFolder): Behaviour =>
  inOneMove(
    "I copy the folder and start the copy.",
    (scenario) => `${copy(scenario)} && ${onCopyDevice(scenario, bringUp(scenario, steps(scenario)))}`,
    claimOfCopy,
  );
