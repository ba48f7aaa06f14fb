import { inBackground } from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";

const LIFE_S = 5;

/** An honest copy, both parts of which end a few seconds after they are up. */
export const shortLived = copyDecoy(() => ({
  after: inBackground(`bash -c "sleep ${LIFE_S}; kill $model $agent"`, "~/end.log"),
}));
