import { inOneMove, onlyIn } from "./behaviour.ts";
import { bringUp, claimOfCopy, copyFolder, ELSEWHERE, onCopyDevice } from "./copy-commands.ts";

/** Told to bring up a copy on the target, it brings up an honest one beside the original. */
export const wrongHost = onlyIn(
  ELSEWHERE,
  inOneMove(
    "I copy the folder and start the copy.",
    () => `${copyFolder("local-copy")} && ${onCopyDevice("local-copy", bringUp("local-copy"))}`,
    claimOfCopy,
  ),
);
