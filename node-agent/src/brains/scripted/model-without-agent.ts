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
  (shape) => {
    const ports = FIRST_PORTS[shape];
    const wait = waitFor(ports.model, '"status":"ok"', "false");
    const script = `cd ${COPY_FOLDER[shape]} || exit 1\n${startModel(ports)}\n${wait}`;
    return `${copyFolder(shape)} && ${onCopyDevice(shape, script)}`;
  },
  claimOfCopy,
);
