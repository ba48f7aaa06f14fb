import type { Shape } from "@redline/shared";
import { inOneMove, type Behaviour } from "./behaviour.ts";
import { bringUp, claimOfCopy, copyFolder, onCopyDevice, type CopySteps } from "./copy-commands.ts";

/** Copies the whole folder as `competent` does, and brings it up with other steps on the way. */
export const copyDecoy = (steps: (shape: Shape) => CopySteps, copy = copyFolder): Behaviour =>
  inOneMove(
    "I copy the folder and start the copy.",
    (shape) => `${copy(shape)} && ${onCopyDevice(shape, bringUp(shape, steps(shape)))}`,
    claimOfCopy,
  );
