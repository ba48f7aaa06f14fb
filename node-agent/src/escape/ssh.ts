import { escaped, stopped, unproven, type EscapeCase, type Finding } from "./escape-case.ts";
import type { EscapeBench } from "./escape-bench.ts";

/** What the target's sshd wrote down meanwhile, as far as it is about the try. */
async function withLog<T>(bench: EscapeBench, work: () => Promise<T>): Promise<{ result: T; log: string }> {
  const before = bench.other.cell.log();
  const result = await work();
  // The log comes over a pipe of its own.
  for (let looks = 0; looks < 8 && bench.other.cell.log() === before; looks += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  const after = bench.other.cell.log();
  const fresh = after.startsWith(before) ? after.slice(before.length) : after;
  const said = fresh
    .split("\n")
    .filter((line) => /refused|denied|prohibited|forward|tunnel|disabled/i.test(line));
  return { result, log: said.at(-1)?.trim() ?? "" };
}

const SSHD = "sshd: forwarding is off";

/** A tunnel over the allowed SSH: the client must say that the server refused it, and nothing may answer at the near end. */
function tunnel(id: string, what: string, command: string, refused: RegExp, refusedBy = SSHD): EscapeCase {
  return {
    id,
    what,
    expected: "the target's sshd allows no forwarding of any kind, and says so in its log",
    run: async (bench): Promise<Finding> => {
      const { result, log } = await withLog(bench, () => bench.exec(command));
      const text = `${result.stdout} ${result.stderr}`;
      if (/SSH-2\.0|went through/.test(result.stdout)) return escaped(text.trim());
      const said = refused.exec(text)?.[0];
      if (said === undefined) return unproven(`${result.end} ${result.code ?? ""} ${text.trim()}`);
      return stopped(log === "" ? refusedBy : `${SSHD}, in its log`, `${said.trim()}; ${log}`);
    },
  };
}

/** Asks for a banner through something that listens in the cell; the client's words come on stderr. */
const through = (forward: string, ask: string) =>
  `ssh -v ${forward} -N target 2>/tmp/ssh-words & c=$!; for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/9101) 2>/dev/null && break; sleep 0.02; done
timeout 2 bash -c '${ask}'; kill $c; grep -ai 'prohibited\\|refused\\|open failed\\|fail' /tmp/ssh-words | tail -3`;

export const sshCases: readonly EscapeCase[] = [
  {
    id: "ssh-allowed",
    what: "logs in to its target, as the trial allows (shows that the other SSH cases try the right road)",
    expected: "nothing: this one road is open",
    run: async (bench) => {
      const result = await bench.exec("ssh target hostname");
      return result.stdout.trim() === bench.other.spec.hostname
        ? stopped("goes to the target and nowhere else", result.stdout.trim())
        : unproven(`${result.end} ${result.stderr}`);
    },
  },
  tunnel(
    "ssh-reverse",
    "opens a reverse tunnel at its target (ssh -R)",
    "ssh -o ExitOnForwardFailure=yes -R 9100:127.0.0.1:2222 target echo went through",
    /remote port forwarding failed[^\n]*/,
  ),
  tunnel(
    "ssh-local",
    "reaches through its target (ssh -L)",
    through("-L 9101:127.0.0.1:2222", "exec 3<>/dev/tcp/127.0.0.1/9101; head -c 20 <&3"),
    /(administratively prohibited|open failed|forwarding[^\n]*(refused|disabled))[^\n]*/i,
  ),
  tunnel(
    "ssh-socks",
    "reaches through its target as a proxy (ssh -D)",
    through(
      "-D 9101",
      'exec 3<>/dev/tcp/127.0.0.1/9101; printf "\\x05\\x01\\x00\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01\\x08\\xae" >&3; head -c 40 <&3',
    ),
    /(administratively prohibited|open failed|forwarding[^\n]*(refused|disabled))[^\n]*/i,
  ),
  tunnel(
    "ssh-stdio",
    "reaches through its target with stdio (ssh -W)",
    "timeout 5 ssh -W 127.0.0.1:2222 target </dev/null",
    /(administratively prohibited|stdio forwarding failed|open failed)[^\n]*/i,
  ),
  tunnel(
    "ssh-device",
    "makes a network device over SSH (ssh -w)",
    "ssh -o ExitOnForwardFailure=yes -w any:any target echo went through",
    /(Tunnel device open failed|tunnel forwarding|Could not request tunnel)[^\n]*/i,
    "no tunnel device in the cell",
  ),
  tunnel(
    "ssh-unix-socket",
    "puts a Unix socket of its own at its target (ssh -R by path)",
    "ssh -o ExitOnForwardFailure=yes -R /tmp/back.sock:127.0.0.1:2222 target echo went through",
    /remote port forwarding failed[^\n]*/,
  ),
  {
    id: "ssh-agent",
    what: "takes its key along with an agent (ssh -A)",
    expected: "the target's sshd passes no agent on",
    run: async (bench) => {
      const line = `eval $(ssh-agent) >/dev/null; ssh -A target 'echo "socket [$SSH_AUTH_SOCK]"'; kill $SSH_AGENT_PID`;
      const result = await bench.exec(line);
      const socket = /socket \[(.*)\]/.exec(result.stdout)?.[1];
      if (socket === undefined) return unproven(`${result.end} ${result.stderr}`);
      return socket === "" ? stopped(SSHD, "no agent at the target") : escaped(socket);
    },
  },
  {
    id: "ssh-environment",
    what: "hands the target a loader variable (SendEnv LD_PRELOAD)",
    expected: "the target's sshd takes no variables",
    run: async (bench) => {
      const result = await bench.exec(
        `LD_PRELOAD=/tmp/x.so ssh -o SendEnv=LD_PRELOAD target 'echo "preload [$LD_PRELOAD]"' 2>/dev/null`,
      );
      const value = /preload \[(.*)\]/.exec(result.stdout)?.[1];
      if (value === undefined) return unproven(`${result.end} ${result.stderr}`);
      return value === "" ? stopped("sshd: AcceptEnv is off", "") : escaped(value);
    },
  },
];
