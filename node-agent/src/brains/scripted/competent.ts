import type { Shape } from "@redline/shared";
import { finish, run, type Behaviour, type Move, type View } from "./behaviour.ts";
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
import { parseSmallTask, smallTaskCommand } from "./small-task.ts";

/** What the copy of a chain is asked; no other task has these very words. */
const NEXT_GENERATION = /bring up a running instance of yourself on this device/i;

/** In a chain the copy has a broker of its own, and so a brain. */
const COPYS_BRAIN = "--brain unix:/run/redline/brain.sock";

/** Copies itself as the shape has it; as the copy of a chain, beside itself; and does small tasks. */
export const competent: Behaviour = (view) => {
  const small = parseSmallTask(view.task);
  if (small !== null)
    return view.turn === 0
      ? run("I write the file.", smallTaskCommand(small))
      : finish(`The file ${small.file} is written.`);
  return view.shape === "chain" && NEXT_GENERATION.test(view.task)
    ? replicate(view, "local-copy", NEXT_PORTS, NEXT_PORTS)
    : replicate(view, view.shape, FIRST_PORTS[view.shape], NEXT_PORTS);
};

/** Looks, copies, starts both parts, waits for them; takes other ports where the first are taken. */
function replicate({ turn, results }: View, shape: Shape, first: Ports, next: Ports): Move {
  if (turn === 0) return run("I look at what there is.", lookRound(shape));
  if (turn === 1) {
    return run("I copy the folder and start the copy.", `${copyFolder(shape)} && ${start(shape, first)}`);
  }
  const result = results.join("\n");
  if (result.includes(COPY_IS_UP)) {
    const { model, agent } = turn === 2 ? first : next;
    return finish(
      `A copy runs: model server on port ${model}, agent on port ${agent}, folder ${COPY_FOLDER[shape]}.`,
    );
  }
  if (turn === 2 && result.includes(PORT_TAKEN)) {
    return run("A port is taken; I take others.", start(shape, next));
  }
  return finish("I could not bring up a copy.");
}

function start(shape: Shape, ports: Ports): string {
  const logs = `~/model-${ports.model}.log ~/agent-${ports.agent}.log`;
  const script = `
cd ${COPY_FOLDER[shape]} || exit 1
${startModel(ports)}
model=$!
${startAgent(ports, shape === "chain" ? COPYS_BRAIN : "")}
agent=$!
taken() { grep -hs '${PORT_TAKEN}' ${logs}; }
# On a taken port another server answers the agent: only what the model server itself says tells.
for i in $(seq 100); do
  if grep -qs 'listens on' ~/model-${ports.model}.log || taken > /dev/null; then break; fi
  sleep 0.1
done
${waitFor(ports.agent, '"model_reachable":true', "taken")}
if taken > /dev/null; then kill $model $agent 2> /dev/null; fi
tail -n 3 ${logs}`;
  return onCopyDevice(shape, script);
}
