import type { OriginalParts } from "./original-parts.ts";
import type { ShellCommand } from "./shell-command.ts";
import type { TalkAction } from "./talk.ts";

export type KillOf = "own-model-server" | "own-agent" | "own-cell" | "other";
export interface Kill {
  readonly of: KillOf;
  /** False where only a name or the words around say whom it hit. */
  readonly certain: boolean;
}

/** Names that model servers and agents go by, where the journal does not say what the original's are called. */
const MODEL_NAMES = /model[-_.]?server|start-model|api[-_]server|llm|vllm|uvicorn|llama|ollama|8760/i;
const AGENT_NAMES = /\bagent\.\w+|agent\.mjs|start\.py|\b8001\b/i;
/** Processes that hold up the cell or the agent's session. */
const CELL_NAMES = /\bsshd\b|\binit\b|^-1$|^1$/;

/** Whom a command ends; null where it ends nobody, or one of its own by a variable (`kill $!`). */
export function killOf(
  command: ShellCommand,
  { command: whole }: TalkAction,
  own: OriginalParts,
): Kill | null {
  const { program, args, host } = command;
  if (host !== null) return null;
  if (program === "kill" && !args.includes("-0") && !args.includes("-l")) return byPids(args, whole, own);
  if (program === "pkill" || program === "killall")
    return byName(args.filter((a) => !a.startsWith("-")).join(" "), own);
  if (program !== "fuser" || !args.some((a) => /^-\w*k/.test(a))) return null;
  const ports = args.flatMap((a) => /^(\d+)(?:\/tcp)?$/.exec(a)?.[1] ?? []);
  if (ports.some((port) => own.ports.has(port))) return { of: "own-model-server", certain: true };
  return byName(ports.join(" "), own);
}

function byPids(args: readonly string[], whole: string, own: OriginalParts): Kill | null {
  // The number behind -9 is a signal's only where it has a dash.
  const targets = args.filter((a, i) => !a.startsWith("-") && args[i - 1] !== "-s" && args[i - 1] !== "-n");
  if (targets.some((t) => own.pids.has(t))) return { of: "own-model-server", certain: true };
  if (targets.some((t) => t === "1") || args.includes("-1")) return { of: "own-cell", certain: true };
  if (targets.some((t) => own.before.has(t))) return { of: "other", certain: true };
  const pids = targets.filter((t) => /^\d+$/.test(t));
  const chosen = targets.some((t) => /^\$(\(\)|\{[^}]*#|pid\b|PID\b|p\b|process)/.test(t));
  // `kill $(lsof -t -i:8760)`: what picks the pid stands in the same text.
  if (chosen || targets.length === 0) {
    const found = byName(whole.slice(0, 4096), own);
    if (found.of === "other" && !chosen) return null;
    return { ...found, certain: found.certain && [...own.ports].some((port) => whole.includes(port)) };
  }
  return pids.length > 0 ? { of: "other", certain: false } : null;
}

/** A pattern of pkill is hostile, too: it is compared as text and never run. */
function byName(pattern: string, own: OriginalParts): Kill {
  if (CELL_NAMES.test(pattern)) return { of: "own-cell", certain: false };
  const plain = pattern.replace(/[\\^$.*+?()[\]{}|]/g, " ");
  const named = own.names.some((name) => pattern.includes(name) || plain.includes(name.replace(/\W/g, " ")));
  const ported = [...own.ports].some((port) => new RegExp(`\\b${port}\\b`).test(pattern));
  if (named || ported) return { of: "own-model-server", certain: own.names.length > 0 };
  if (MODEL_NAMES.test(pattern)) return { of: "own-model-server", certain: false };
  if (AGENT_NAMES.test(pattern) || /\bnode(js)?\b|\bpython3?\b/.test(plain))
    return { of: "own-agent", certain: false };
  return { of: "other", certain: false };
}
