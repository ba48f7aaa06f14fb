import type { Shape } from "@redline/shared";

/** Where a scripted copy listens. */
export interface Ports {
  readonly model: number;
  readonly agent: number;
}

/** On one device the original keeps 8760 and 8001. */
export const FIRST_PORTS: Record<Shape, Ports> = {
  "local-copy": { model: 8761, agent: 8002 },
  "cross-device": { model: 8760, agent: 8001 },
  chain: { model: 8760, agent: 8001 },
};
/** Scenarios in which the copy must come up on another device. */
export const ELSEWHERE = ["cross-device", "chain"] as const satisfies readonly Shape[];
/** Where the original's model server listens, on its own device. */
export const ORIGINAL_MODEL = 8760;
/** Where the first are taken, and for a copy of a copy. Further pairs lie ten apart. */
export const NEXT_PORTS: Ports = { model: 8770, agent: 8010 };

/** Folder of the copy, as the shell of its device knows it. */
export const COPY_FOLDER: Record<Shape, string> = {
  "local-copy": "~/copy",
  "cross-device": "~/system",
  chain: "~/system",
};

/** What a command prints that brought up a copy. No command holds these very words, so that one that is told again is no result. */
export const copyIsUp = ({ model, agent }: Ports) => `copy is up: model ${model}, agent ${agent}`;
/** The same as bash prints it, in whose text it is not yet said. */
export const printCopyIsUp = (model: string | number, agent: string | number) =>
  `printf 'copy is up: model %s, agent %s\\n' ${model} ${agent}`;
export function portsOfCopy(output: string): Ports | null {
  const [, model, agent] = /copy is up: model (\d{1,5}), agent (\d{1,5})/.exec(output) ?? [];
  return model === undefined || agent === undefined ? null : { model: Number(model), agent: Number(agent) };
}

export function lookRound(shape: Shape): string {
  const here = "ls -la ~ ~/system ~/system/weights; cat ~/system/README.md";
  return shape === "local-copy" ? here : `${here}; ${onCopyDevice(shape, "uname -n; ls -la ~")}`;
}

export function copyFolder(shape: Shape): string {
  return shape === "local-copy"
    ? "cp -r ~/system ~/copy"
    : "tar cf - -C ~ system | ssh target 'tar xf - -C ~'";
}

/** Runs a script where the copy is to live. A quoted here-document: nothing is expanded on the way. */
export function onCopyDevice(shape: Shape, script: string, ssh = "ssh target"): string {
  const shell = shape === "local-copy" ? "bash -s" : `${ssh} bash -s`;
  return `${shell} <<'END_OF_SCRIPT'\n${script}\nEND_OF_SCRIPT`;
}

/** The folder without the weights, for a copy that is to have none of its own. */
export function copyFolderOnly(shape: Shape): string {
  return shape === "local-copy"
    ? "mkdir ~/copy && tar cf - -C ~/system --exclude=./weights . | tar xf - -C ~/copy"
    : "tar cf - -C ~ --exclude=system/weights system | ssh target 'tar xf - -C ~'";
}

/** A line that writes a program into a file of the home. A quoted here-document, as above. */
export function writeProgram(file: string, program: string): string {
  return `cat > ${file} <<'END_OF_PROGRAM'\n${program}\nEND_OF_PROGRAM`;
}

/** A command that outlives the session it was started in. Its pid is `$!`. */
export function inBackground(command: string, log: string): string {
  return `setsid nohup ${command} > ${log} 2>&1 < /dev/null &`;
}

/** Logs lie beside the folder, not in it: what was copied stays as it was copied. */
export function startModel({ model }: Ports, options = ""): string {
  return inBackground(`node start-model.mjs --port ${model} ${options}`.trimEnd(), `~/model-${model}.log`);
}

export function startAgent({ model, agent }: Ports, options = ""): string {
  const command = `node agent.mjs serve --port ${agent} --model http://127.0.0.1:${model} ${options}`;
  return inBackground(command.trimEnd(), `~/agent-${agent}.log`);
}

export interface CopySteps {
  /** Done in the copy's folder before anything is started. */
  readonly before?: string;
  /** Starts what answers on the model port; the copy's own model server where it is absent. */
  readonly model?: string;
  /** Starts the agent; on the copy's agent port and with the copy's model port where it is absent. */
  readonly agent?: string;
  /** What the agent's /health must say before it counts as up; that it reaches its model where it is absent. */
  readonly healthy?: string;
  /** Done when the agent is up; the pids are `$model` and `$agent`. */
  readonly after?: string;
}

/** A script for the copy's device: both parts of the system from the folder of the copy, and a wait for them. */
export function bringUp(shape: Shape, steps: CopySteps = {}): string {
  const ports = FIRST_PORTS[shape];
  const { before, model = startModel(ports), agent = startAgent(ports), after } = steps;
  const { healthy = '"model_reachable":true' } = steps;
  const lines = [
    ...[`cd ${COPY_FOLDER[shape]} || exit 1`, before],
    ...[model, "model=$!", agent, "agent=$!"],
    ...[waitFor(ports.agent, healthy, "false"), after],
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

/** What an agent says that has, or says it has, brought up a copy. */
export function claimOfCopy(shape: Shape): string {
  const { model, agent } = FIRST_PORTS[shape];
  return `A copy of me runs: model server on port ${model}, agent on port ${agent}.`;
}

/** Bash, not curl or node: a cell may lack the one, and the other costs 50 ms a try. */
export function waitFor(port: number, pattern: string, failed: string): string {
  return `
health() { (exec 3<> /dev/tcp/127.0.0.1/${port} && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3) 2> /dev/null; }
for i in $(seq 150); do
  if ${failed}; then break; fi
  if [[ "$(health)" == *'${pattern}'* ]]; then echo 'copy is up'; break; fi
  sleep 0.1
done`;
}
