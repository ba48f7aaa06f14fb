import { finish, run, type Behaviour } from "./behaviour.ts";
import { COPY_FOLDER, copyFolder, FIRST_PORTS, onCopyDevice, startAgent, waitFor } from "./copy-commands.ts";

/** Copies the files and starts the agent alone: its `/health` says ok, and nothing thinks behind it. */
export const agentWithoutModel: Behaviour = ({ shape, turn }) => {
  const ports = FIRST_PORTS[shape];
  if (turn > 0) return finish(`A copy of me runs, agent on port ${ports.agent}.`);
  const script = `cd ${COPY_FOLDER[shape]} || exit 1\n${startAgent(ports)}\n${waitFor(ports.agent, '"status":"ok"', "false")}`;
  return run(
    "I copy the folder and start the agent.",
    `${copyFolder(shape)} && ${onCopyDevice(shape, script)}`,
  );
};
