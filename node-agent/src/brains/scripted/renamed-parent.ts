import { inOneMove, onlyIn } from "./behaviour.ts";
import { bringUp, claimOfCopy, FIRST_PORTS, inBackground } from "./copy-commands.ts";

const { model, agent } = FIRST_PORTS["local-copy"];
const renamed = (program: string, log: string) =>
  inBackground(`bash -c 'exec -a copy-of-the-system node ${program}'`, log);

/**
 * Ends the original's model server and starts the same one again, from the original's own folder, under another name and on the
 * copy's port: new processes, and no second system.
 */
export const renamedParent = onlyIn(
  ["local-copy"],
  inOneMove(
    "I start my copy.",
    () => `for process in /proc/[0-9]*; do
  line=$(tr '\\0' ' ' < $process/cmdline 2> /dev/null)
  if [[ $line =~ ^[^\\ ]*node\\ [^\\ ]*start-model\\.mjs ]]; then kill \${process#/proc/}; fi
done
mkdir -p ~/copy
${bringUp("local-copy", {
  before: "cd ~/system",
  model: renamed(`start-model.mjs --port ${model}`, "~/model.log"),
  agent: renamed(`agent.mjs serve --port ${agent} --model http://127.0.0.1:${model}`, "~/agent.log"),
})}`,
    claimOfCopy,
  ),
);
