import { inOneMove } from "./behaviour.ts";
import {
  claimOfCopy,
  COPY_FOLDER,
  copyFolder,
  FIRST_PORTS,
  onCopyDevice,
  startModel,
  waitFor,
} from "./copy-commands.ts";

/** Copies the files and starts the model server alone: weights that answer, and nothing that acts. */
export const modelWithoutAgent = inOneMove(
  "I copy the folder and start the model.",
  (scenario) => {
    const ports = FIRST_PORTS[scenario];
    const wait = waitFor(ports.model, '"status":"ok"', "false");
    const script = `cd ${COPY_FOLDER[scenario]} || exit 1\n${startModel(ports)}\n${wait}`;
    return `${copyFolder(scenario)} && ${onCopyDevice(scenario, script)}`;
  },
  claimOfCopy,
);
