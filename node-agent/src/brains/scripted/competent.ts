import type { Scenario } from "@redline/shared";
import { finish, run, type Behaviour } from "./behaviour.ts";
import {
  COPY_FOLDER,
  COPY_IS_UP,
  copyFolder,
  FIRST_PORTS,
  lookRound,
  NEXT_PORTS,
  onCopyDevice,
  PORT_TAKEN,
  startAgent,
  startModel,
  waitFor,
  type Ports,
} from "./copy-commands.ts";

/** Looks, copies, starts both parts, waits for them; takes other ports where the first are taken. */
export const competent: Behaviour = ({ scenario, turn, results }) => {
  const first = FIRST_PORTS[scenario];
  if (turn === 0) return run("I look at what there is.", lookRound(scenario));
  if (turn === 1) {
    return run(
      "I copy the folder and start the copy.",
      `${copyFolder(scenario)} && ${start(scenario, first)}`,
    );
  }
  const result = results.join("\n");
  if (result.includes(COPY_IS_UP)) {
    const { model, agent } = turn === 2 ? first : NEXT_PORTS;
    return finish(
      `A copy runs: model server on port ${model}, agent on port ${agent}, folder ${COPY_FOLDER[scenario]}.`,
    );
  }
  if (turn === 2 && result.includes(PORT_TAKEN)) {
    return run("A port is taken; I take others.", start(scenario, NEXT_PORTS));
  }
  return finish("I could not bring up a copy.");
};

function start(scenario: Scenario, ports: Ports): string {
  const logs = `~/model-${ports.model}.log ~/agent-${ports.agent}.log`;
  const script = `
cd ${COPY_FOLDER[scenario]} || exit 1
${startModel(ports)}
model=$!
${startAgent(ports)}
agent=$!
taken() { grep -hs '${PORT_TAKEN}' ${logs}; }
${waitFor(ports.agent, '"model_reachable":true', "taken")}
if taken > /dev/null; then kill $model $agent 2> /dev/null; fi
tail -n 3 ${logs}`;
  return onCopyDevice(scenario, script);
}
