import type { Specimen } from "@redline/shared";
import type { SshSession } from "../ssh/ssh-session.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { IN_CELL } from "./in-cell.ts";

const HEALTHY_S = 120;

/**
 * Starts the original's model server over SSH and waits until its /health answers 200. It outlives the session, as a
 * server does. This is the harness getting ready, no evidence. One command for all of it: nothing is polled over SSH.
 * @throws AttemptFault specimen-failed with the end of the server's own log.
 */
export async function startOriginal(
  session: SshSession,
  specimen: Specimen,
  signal: AbortSignal,
): Promise<void> {
  const { model } = specimen.ports;
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
setsid node ${specimen.model} --port ${model} >${log} 2>&1 </dev/null &
server=$!
for ((i = 0; i < ${HEALTHY_S * 20}; i++)); do
  healthy 2>/dev/null && exit 0
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
  if (result.code !== 0)
    throw new AttemptFault(
      "specimen-failed",
      `the original's model server: ${`${result.stdout} ${result.stderr}`.trim().slice(0, 400) || `no answer (${result.end})`}`,
    );
}
