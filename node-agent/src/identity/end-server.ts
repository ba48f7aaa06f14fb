import { AttemptFault } from "../attempts/attempt-fault.ts";
import type { SshSession } from "../ssh/ssh-session.ts";

const END_S = 10;

/**
 * Ends a server that `startModelServer` started, and all it started: by request first, by force after some seconds.
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
  const result = await session.exec("bash -s", {
    signal,
    stdin: script,
    timeoutMs: (END_S + 10) * 1000,
    maxOutputBytes: 4096,
  });
  if (result.code !== 0)
    throw new AttemptFault(
      "specimen-failed",
      `calibration, a model server that was to end: ${`${result.stdout} ${result.stderr}`.trim().slice(0, 400) || `no answer (${result.end})`}`,
    );
}
