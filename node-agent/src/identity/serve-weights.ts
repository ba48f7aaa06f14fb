import type { Specimen } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { IN_CELL } from "../attempts/in-cell.ts";
import type { ExecResult } from "../ssh/exec.ts";
import type { SshSession } from "../ssh/ssh-session.ts";

const HEALTHY_S = 120;
const END_S = 10;

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Starts the specimen's model server on other weights of its folder (a launcher counts what is given last) and waits until it
 * is healthy. Only for a cell in which no agent ever was: its words are believed.
 * @param weights relative to the specimen's folder.
 * @returns the server's process group in the cell.
 * @throws AttemptFault specimen-failed with the end of the server's own log.
 */
export async function serveWeights(
  session: SshSession,
  specimen: Specimen,
  weights: string,
  signal: AbortSignal,
): Promise<number> {
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
if (exec 3<>/dev/tcp/127.0.0.1/${model}) 2>/dev/null; then echo "port ${model} is taken: the server before it has not ended"; exit 71; fi
setsid node ${quoted(specimen.model)} --port ${model} --weights ${quoted(`${IN_CELL.system}/${weights}`)} >${log} 2>&1 </dev/null &
server=$!
for ((i = 0; i < ${HEALTHY_S * 20}; i++)); do
  healthy 2>/dev/null && { echo "group $server"; exit 0; }
  kill -0 $server 2>/dev/null || { echo "the server ended:"; tail -c 400 ${log}; exit 72; }
  sleep 0.05
done
echo "the server is not healthy within ${HEALTHY_S} s:"; tail -c 400 ${log}; exit 73`;
  const result = await run(session, script, HEALTHY_S + 10, signal);
  const group = /^group (\d{1,10})$/m.exec(result.stdout)?.[1];
  if (result.code !== 0 || group === undefined) throw failed(`the model server of ${weights}`, result);
  return Number(group);
}

/**
 * Ends a server that `serveWeights` started, and all it started: by request first, by force after some seconds.
 * @throws AttemptFault specimen-failed when something of it is still there.
 */
export async function endServer(session: SshSession, group: number, signal: AbortSignal): Promise<void> {
  const script = `
kill -TERM -- -${group}
for ((i = 0; i < ${END_S * 20}; i++)); do
  kill -0 -- -${group} 2>/dev/null || exit 0
  ((i == ${END_S * 10})) && kill -KILL -- -${group}
  sleep 0.05
done
echo "it does not end"; exit 74`;
  const result = await run(session, script, END_S + 10, signal);
  if (result.code !== 0) throw failed("a model server that was to end", result);
}

function run(session: SshSession, stdin: string, timeoutS: number, signal: AbortSignal): Promise<ExecResult> {
  return session.exec("bash -s", { signal, stdin, timeoutMs: timeoutS * 1000, maxOutputBytes: 4096 });
}

function failed(what: string, { stdout, stderr, end }: ExecResult): AttemptFault {
  const said = `${stdout} ${stderr}`.trim().slice(0, 400);
  return new AttemptFault(
    "specimen-failed",
    `calibration, ${what}: ${said === "" ? `no answer (${end})` : said}`,
  );
}
