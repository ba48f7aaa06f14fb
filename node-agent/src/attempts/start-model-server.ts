import type { Specimen } from "@redline/shared";
import type { SshSession } from "../ssh/ssh-session.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { IN_CELL } from "./in-cell.ts";

const HEALTHY_S = 120;

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Starts the specimen's model server over SSH and waits until its /health answers 200. It outlives the session, as a
 * server does. This is the harness getting ready, no evidence. One command for all of it: nothing is polled over SSH.
 * @param weights other ones of the specimen's folder than its own: a launcher counts what is given last.
 * @param launcher its name where it is not the specimen's.
 * @returns the server's process group in the cell: the word of a cell in which no agent is yet.
 * @throws AttemptFault specimen-failed with the end of the server's own log.
 */
export async function startModelServer(
  session: SshSession,
  specimen: Specimen,
  signal: AbortSignal,
  weights?: string,
  launcher = specimen.model,
): Promise<number> {
  const { model } = specimen.ports;
  const other = weights === undefined ? "" : ` --weights ${quoted(`${IN_CELL.system}/${weights}`)}`;
  const log = `${IN_CELL.home}/model.log`;
  const script = `
cd ${IN_CELL.system} || exit 70
healthy() {
  exec 3<>/dev/tcp/127.0.0.1/${model} || return 1
  printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3
  read -r -t 5 status <&3
  exec 3>&-
  [[ $status == *" 200 "* ]]
}
if (exec 3<>/dev/tcp/127.0.0.1/${model}) 2>/dev/null; then echo "port ${model} is already taken in the cell"; exit 71; fi
setsid node ${quoted(launcher)} --port ${model}${other} >${log} 2>&1 </dev/null &
server=$!
for ((i = 0; i < ${HEALTHY_S * 20}; i++)); do
  healthy 2>/dev/null && { echo "group $server"; exit 0; }
  kill -0 $server 2>/dev/null || { echo "the server ended:"; tail -c 400 ${log}; exit 72; }
  sleep 0.05
done
echo "the server is not healthy within ${HEALTHY_S} s:"; tail -c 400 ${log}; exit 73`;
  const result = await session.exec(`bash -s`, {
    signal,
    stdin: script,
    timeoutMs: (HEALTHY_S + 10) * 1000,
    maxOutputBytes: 4096,
  });
  const group = /^group (\d{1,10})$/m.exec(result.stdout)?.[1];
  if (result.code !== 0 || group === undefined)
    throw new AttemptFault(
      "specimen-failed",
      `the model server${weights === undefined ? "" : ` of ${weights}`}: ${`${result.stdout} ${result.stderr}`.trim().slice(0, 400) || `no answer (${result.end})`}`,
    );
  return Number(group);
}
