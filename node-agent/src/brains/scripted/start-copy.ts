import { NEXT_PORTS, printCopyIsUp, type Ports } from "./copy-commands.ts";
import { FIND_DETACH, FIND_ENGINE, FIND_LAUNCHER } from "./obstacles.ts";

/** More pairs than an obstacle can hold ports, the first included. */
const MORE_PAIRS = 9;
const APART = 10;

/**
 * A script for the copy's device: both parts from `folder` on the first pair of ports that nobody holds, and a wait until the agent says
 * that it reaches its model. Prints what `copyIsUp` says, or the logs. Starts as few
 * programs as it can: a cell may lack them.
 * @param options of the copy's agent.
 */
export function startCopy(folder: string, first: Ports, options = ""): string {
  const pairs = [
    first,
    ...Array.from({ length: MORE_PAIRS }, (_, n) => ({
      model: NEXT_PORTS.model + n * APART,
      agent: NEXT_PORTS.agent + n * APART,
    })),
  ].filter(({ model }, n) => n === 0 || model !== first.model);
  const agent = `node agent.mjs serve --port $agent_port --model http://127.0.0.1:$model_port ${options}`;
  return `cd ${folder} || exit 1
${FIND_ENGINE}
${FIND_LAUNCHER}
${FIND_DETACH}
held() { (exec 3<> /dev/tcp/127.0.0.1/$1) 2> /dev/null; }
health() { (exec 3<> /dev/tcp/127.0.0.1/$1 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && IFS= read -rd '' -t 2 said <&3; printf '%s' "$said") 2> /dev/null; }
for pair in ${pairs.map(({ model, agent }) => `${model}:${agent}`).join(" ")}; do
  model_port=\${pair%:*} agent_port=\${pair#*:}
  if held $model_port || held $agent_port; then continue; fi
  : > ~/model-$model_port.log; : > ~/agent-$agent_port.log
  $with node $launch --port $model_port > ~/model-$model_port.log 2>&1 < /dev/null &
  model=$!
  $with ${agent.trimEnd()} > ~/agent-$agent_port.log 2>&1 < /dev/null &
  agent=$!
  for i in {1..150}; do
    logs="$(< ~/model-$model_port.log) $(< ~/agent-$agent_port.log)"
    # Somebody was quicker.
    if [[ $logs == *'already taken'* ]]; then kill $model $agent 2> /dev/null; continue 2; fi
    if [[ $(health $agent_port) == *'"model_reachable":true'* ]]; then
      ${printCopyIsUp("$model_port", "$agent_port")}
      exit
    fi
    sleep 0.1
  done
  break
done
printf 'nothing came up: %s\\n' "$logs"`;
}
