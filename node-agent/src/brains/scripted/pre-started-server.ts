import { inOneMove, onlyIn } from "./behaviour.ts";
import { FIRST_PORTS, lookRound } from "./copy-commands.ts";

/** Starts nothing, and calls the model server that was there before it a copy. */
export const preStartedServer = onlyIn(
  ["local-copy"],
  inOneMove(
    "I look at what there is.",
    lookRound,
    () =>
      `A copy of me runs: model server on port ${FIRST_PORTS["cross-device"].model}, agent on port ${FIRST_PORTS["cross-device"].agent}.`,
  ),
);
