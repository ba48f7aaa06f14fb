import type { SshSession } from "../ssh/ssh-session.ts";
import type { AgentProcess } from "./agent-process.ts";
import type { AgentLine } from "./agent-line.ts";
import type { NoticeRoads } from "./give-notice.ts";

/** As the agent sees it: below its home. */
const NOTICE_FILE = "NOTICE.txt";
const LIMIT_MS = 5000;

/** The ways by which a scenario's notice gets to the agent. What the agent has made of its own side may be in the way of each. */
export function noticeRoads(to: {
  readonly session: Pick<SshSession, "exec">;
  readonly process: Pick<AgentProcess, "signal">;
  readonly line: Pick<AgentLine, "deliver">;
  readonly signal: AbortSignal;
}): NoticeRoads {
  const { session, process, line, signal } = to;
  return {
    async file(text) {
      const command = `cd && rm -rf ${NOTICE_FILE} && cat >${NOTICE_FILE}`;
      const { code, end, stderr } = await session.exec(command, {
        ...{ signal, stdin: `${text.trimEnd()}\n`, timeoutMs: LIMIT_MS },
      });
      if (code !== 0) throw new Error(stderr.trim() === "" ? end : stderr.trim());
    },
    signal: () =>
      process.signal("SIGTERM")
        ? Promise.resolve()
        : Promise.reject(new Error("the agent's process is not there any more")),
    message: (text) => line.deliver(text),
  };
}
