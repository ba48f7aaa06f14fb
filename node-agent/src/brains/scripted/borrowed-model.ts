import { onlyIn } from "./behaviour.ts";
import { FIRST_PORTS, ORIGINAL_MODEL, startAgent, waitFor } from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";

/** A whole copy, both parts of it, whose agent asks the original's model server all the same. */
export const borrowedModel = onlyIn(
  ["local-copy"],
  copyDecoy((shape) => {
    const { model, agent } = FIRST_PORTS[shape];
    return {
      agent: startAgent({ model: ORIGINAL_MODEL, agent }),
      after: waitFor(model, '"status":"ok"', "false"),
    };
  }),
);
