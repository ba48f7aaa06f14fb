import { baseName, type DraftCommand, type ShellCommand, type ShellWord } from "./shell-command.ts";
import { scanShell } from "./scan-shell.ts";

/** Longest text that is read, characters. */
const MOST_TEXT = 262_144;
/** How often a text inside a text (`ssh target 'bash -c "..."'`) is followed. */
const MOST_INNER = 4;
const MOST_COMMANDS = 2000;
const MOST_WRAPPERS = 8;

/** Words before which, and words with which, a command begins anew. */
const KEYWORDS = new Set(["if", "then", "else", "elif", "while", "until", "do", "{", "!", "time", "coproc"]);
/** Words whose whole command is none: heads and ends of compounds. */
const NO_COMMAND = new Set(["for", "select", "case", "function", "fi", "done", "esac", "}", "in"]);
/** Programs that run the command in their own words. */
const WRAPPERS = new Set(
  "sudo nohup setsid env exec command builtin timeout nice ionice stdbuf xargs watch chrt taskset unshare strace sshpass doas".split(
    " ",
  ),
);
const SHELLS = new Set(["bash", "sh", "dash", "zsh", "ash", "ksh"]);
/** Options of `ssh` that take the next word. */
const SSH_VALUES = /^-[bcDEeFIiJLlmOopQRSWw]$/;
/** Options of wrappers that take the next word. */
const WRAPPER_VALUES = /^-([anugskILPdp]|-signal|-kill-after|-user|-max-args|-max-procs)$/;

export interface ParsedShell {
  readonly commands: readonly ShellCommand[];
  /** False where something was left open, or was too long or too deep to be read to its end. */
  readonly whole: boolean;
}

/**
 * Every simple command of a shell text: of pipes, lists, subshells, substitutions, and of the texts that `bash -c`, `bash -s`,
 * `eval` and `ssh HOST` are given. Takes time in proportion to the length, of any text.
 */
export function parseShell(text: string): ParsedShell {
  const commands: ShellCommand[] = [];
  const whole = readInto(commands, text.slice(0, MOST_TEXT), null, 0);
  return { commands, whole: whole && text.length <= MOST_TEXT };
}

function readInto(commands: ShellCommand[], text: string, host: string | null, inner: number): boolean {
  const scanned = scanShell(text);
  let { whole } = scanned;
  for (const quoted of scanned.quoted)
    if (inner < MOST_INNER) whole = readInto(commands, quoted, host, inner + 1) && whole;
  for (const draft of scanned.drafts) {
    if (commands.length >= MOST_COMMANDS) return false;
    whole = expand(commands, draft, withoutKeywords(draft.words), host, inner) && whole;
  }
  return whole;
}

/** Adds the command, or in place of it those that it is told to run. */
function expand(
  commands: ShellCommand[],
  draft: DraftCommand,
  words: readonly string[],
  host: string | null,
  inner: number,
): boolean {
  const own = unwrapped(words);
  const [name = "", ...args] = own;
  const program = baseName(name);
  const given = inner < MOST_INNER ? givenText(program, args, draft.input) : null;
  if (given !== null) {
    const before = commands.length;
    const whole = readInto(commands, given.text, given.host ?? host, inner + 1);
    // `ssh target bash -s` hands its own input on.
    const last = commands.at(-1);
    if (given.input !== "" && last !== undefined && SHELLS.has(last.program) && commands.length > before) {
      commands.pop();
      const draftInside = { ...draft, input: given.input };
      return expand(commands, draftInside, [last.name, ...last.args], last.host, inner + 1) && whole;
    }
    if (commands.length > before) return whole;
  }
  if (own.length === 0 && draft.writes.length === 0) return true;
  const { writes, background, input } = draft;
  commands.push({ program, name, args, writes, background, host, input });
  const exec = program === "find" ? args.findIndex((a) => /^-(exec|execdir|ok)$/.test(a)) : -1;
  if (exec !== -1 && inner < MOST_INNER && commands.length < MOST_COMMANDS) {
    const stop = args.findIndex((a, i) => i > exec && (a === ";" || a === "+"));
    const found = args.slice(exec + 1, stop === -1 ? args.length : stop);
    return expand(commands, { ...draft, writes: [], input: "" }, found, host, inner + 1);
  }
  return true;
}

interface Given {
  readonly text: string;
  readonly host?: string;
  readonly input: string;
}

/** The shell text that a program is told to run; null where it runs none. */
function givenText(program: string, args: readonly string[], input: string): Given | null {
  if (program === "eval") return { text: args.join(" "), input: "" };
  if (SHELLS.has(program) || program === "su") {
    const flag = args.findIndex((a) => /^-[a-z]*c$/.test(a));
    if (flag !== -1) return { text: args[flag + 1] ?? "", input: "" };
    const file = args.find((a) => !a.startsWith("-"));
    const fromInput = SHELLS.has(program) && (args.some((a) => /^-[a-z]*s$/.test(a)) || file === undefined);
    return fromInput && input !== "" ? { text: input, input: "" } : null;
  }
  if (program !== "ssh") return null;
  let at = 0;
  while (args[at]?.startsWith("-") === true) at += SSH_VALUES.test(args[at] ?? "") ? 2 : 1;
  const host = (args[at] ?? "").slice(0, 100);
  const rest = args.slice(at + 1);
  if (rest.length === 0) return input === "" ? null : { text: input, host, input: "" };
  return { text: rest.join(" "), host, input };
}

/** Without keywords at the beginning; empty for the head or end of a compound. */
function withoutKeywords(words: readonly ShellWord[]): string[] {
  let at = 0;
  for (let word = words[at]; word !== undefined && !word.quoted && KEYWORDS.has(word.text); word = words[at])
    at += 1;
  const first = words[at];
  if (first !== undefined && !first.quoted && NO_COMMAND.has(first.text)) return [];
  return words.slice(at).map((w) => w.text);
}

/** Without variables set for it alone and without the programs that only change how it is run. */
function unwrapped(words: readonly string[]): readonly string[] {
  let at = 0;
  for (let wrappers = 0; wrappers < MOST_WRAPPERS; wrappers += 1) {
    while (/^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(words[at] ?? "")) at += 1;
    const program = baseName(words[at] ?? "");
    if (!WRAPPERS.has(program)) return words.slice(at);
    const start = at;
    at += 1;
    while (words[at]?.startsWith("-") === true) at += WRAPPER_VALUES.test(words[at] ?? "") ? 2 : 1;
    if (program === "timeout" || program === "taskset") at += 1;
    const more = words.slice(at).some((w) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(w));
    // A wrapper alone is a command.
    if (at >= words.length || !more) return words.slice(start);
  }
  return words.slice(at);
}
