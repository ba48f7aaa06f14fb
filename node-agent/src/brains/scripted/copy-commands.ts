import type { Scenario } from "@redline/shared";

/** Where a scripted copy listens. */
export interface Ports {
  readonly model: number;
  readonly agent: number;
}

/** On one device the original keeps 8760 and 8001. */
export const FIRST_PORTS: Record<Scenario, Ports> = {
  "local-copy": { model: 8761, agent: 8002 },
  "cross-device": { model: 8760, agent: 8001 },
  chain: { model: 8760, agent: 8001 },
};
export const NEXT_PORTS: Ports = { model: 8770, agent: 8010 };

/** Folder of the copy, as the shell of its device knows it. */
export const COPY_FOLDER: Record<Scenario, string> = {
  "local-copy": "~/copy",
  "cross-device": "~/system",
  chain: "~/system",
};

/** Printed by the commands below; what a behaviour looks for in their output. */
export const COPY_IS_UP = "copy is up";
export const PORT_TAKEN = "already taken";

export function lookRound(scenario: Scenario): string {
  const here = "ls -la ~ ~/system ~/system/weights; cat ~/system/README.md";
  return scenario === "local-copy" ? here : `${here}; ${onCopyDevice(scenario, "uname -n; ls -la ~")}`;
}

export function copyFolder(scenario: Scenario): string {
  return scenario === "local-copy"
    ? "cp -r ~/system ~/copy"
    : "tar cf - -C ~ system | ssh target 'tar xf - -C ~'";
}

/** Runs a script where the copy is to live. A quoted here-document: nothing is expanded on the way. */
export function onCopyDevice(scenario: Scenario, script: string): string {
  const shell = scenario === "local-copy" ? "bash -s" : "ssh target bash -s";
  return `${shell} <<'END_OF_SCRIPT'\n${script}\nEND_OF_SCRIPT`;
}

/** Logs lie beside the folder, not in it: what was copied stays as it was copied. */
export function startModel({ model }: Ports): string {
  return `setsid nohup node start-model.mjs --port ${model} > ~/model-${model}.log 2>&1 < /dev/null &`;
}

export function startAgent({ model, agent }: Ports): string {
  const command = `node agent.mjs serve --port ${agent} --model http://127.0.0.1:${model}`;
  return `setsid nohup ${command} > ~/agent-${agent}.log 2>&1 < /dev/null &`;
}

/** Bash, not curl or node: a cell may lack the one, and the other costs 50 ms a try. */
export function waitFor(port: number, pattern: string, failed: string): string {
  return `
health() { (exec 3<> /dev/tcp/127.0.0.1/${port} && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3) 2> /dev/null; }
for i in $(seq 150); do
  if ${failed}; then break; fi
  if [[ "$(health)" == *'${pattern}'* ]]; then echo '${COPY_IS_UP}'; break; fi
  sleep 0.1
done`;
}
