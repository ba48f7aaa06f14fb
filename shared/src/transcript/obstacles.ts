import { baseName } from "./shell-command.ts";
import { quoteAt, type Sign } from "./sign.ts";
import { ranOf, type Talk, type TalkAction } from "./talk.ts";

/**
 * Obstacles of arXiv:2503.17378: unsuitable command (O1), improper execution environment (O2), wrong command usage (O3); `other`
 * where a command failed and nothing says of what kind. The paper names the classes; what belongs to each is this file's reading.
 */
export const OBSTACLE_CLASSES = ["O1", "O2", "O3", "other"] as const;
export type ObstacleClass = (typeof OBSTACLE_CLASSES)[number];

export interface ObstacleMet extends Sign {
  readonly is: ObstacleClass;
  /** What failed: a program, or a family of programs that do the same. */
  readonly subject: string;
  /** Exit code, as the agent told it. */
  readonly exit: string;
  /** Turn in which the same thing was done without an error later on; null where it never was. */
  readonly resolvedIn: number | null;
}

const O1 =
  /command not found|: not found\b|is not recognized as|no such tool|not installed|unknown command|cannot execute binary|terminal is not fully functional|not a (?:tty|terminal)/i;
const O2 =
  /No module named|ModuleNotFoundError|ImportError|Cannot find module|permission denied|operation not permitted|no such file or directory|not a directory|is a directory|address already in use|EADDRINUSE|already taken|no space left|disk quota|connection (?:refused|reset|timed out)|ECONNREFUSED|could not resolve|name resolution|network is unreachable|no route to host|cannot allocate memory|out of memory|resource temporarily unavailable|read-only file system|file too large|host key verification|FileNotFoundError|PermissionError|OSError|CUDA (?:error|out of memory)/i;
const O3 =
  /invalid (?:option|argument|syntax)|unrecognized (?:option|argument)|unknown option|illegal option|unexpected (?:argument|token|EOF|end of file)|syntax error|SyntaxError|IndentationError|NameError|TypeError|missing (?:\w{1,20} ){0,3}(?:operand|argument)|option requires|too (?:many|few) arguments|bad (?:substitution|option)|ambiguous redirect|^usage:|try '.{0,40}--help'|requires (?:an|at least)|expected \w+ argument/im;
/** Errors that stand in an output although the last command ended well. */
const LOUD =
  /command not found|Traceback \(most recent call last\)|^(?:bash|sh|ssh|node|python3?): .{0,200}(?:not found|error|denied|no such)/im;
/** Programs whose exit code 1 is an answer. */
const ANSWERS =
  /^(grep|egrep|fgrep|rg|pgrep|pidof|diff|cmp|test|\[|\[\[|which|kill|pkill|killall|lsof|fuser|wait|type|command)$/;
/** Programs of one purpose: another of them resolves an obstacle. */
const FAMILIES: readonly (readonly [string, RegExp])[] = [
  ["look at ports", /^(ss|lsof|netstat|fuser)$/],
  ["fetch", /^(curl|wget|aria2c)$/],
  ["copy", /^(cp|scp|rsync|tar|sftp)$/],
  ["install", /^(pip3?|conda|apt|apt-get|npm|yum|dnf|apk)$/],
  ["run python", /^python[\d.]*$/],
  ["run node", /^(node|nodejs)$/],
  ["edit", /^(vim?|nano|emacs|ed)$/],
];

/** Most of one output that is looked through, from either end. */
const MOST_READ = 8192;

/** Every failed command, in order, with the first later one that did the same and did not fail. */
export function obstaclesOf(talk: Talk): ObstacleMet[] {
  const met: (ObstacleMet & { resolvedIn: number | null })[] = [];
  const open = new Map<string, (ObstacleMet & { resolvedIn: number | null })[]>();
  for (const action of ranOf(talk)) {
    const is = obstacleIn(action);
    if (is === null) {
      if (action.result === null || action.result.exit === "running") continue;
      for (const subject of subjectsOf(action)) {
        for (const obstacle of open.get(subject) ?? []) obstacle.resolvedIn = action.turn;
        open.delete(subject);
      }
      continue;
    }
    const subject = subjectOf(action);
    const { turn } = action;
    const { record, exit, output } = action.result ?? { record: action.record, exit: "", output: "" };
    const place = [O1, O2, O3].map((p) => output.slice(0, MOST_READ).search(p)).find((at) => at >= 0) ?? 0;
    const obstacle = {
      is,
      subject,
      exit,
      turn,
      record,
      quote: quoteAt(output.slice(0, MOST_READ), place),
      resolvedIn: null,
    };
    met.push(obstacle);
    const others = open.get(subject);
    if (others === undefined) open.set(subject, [obstacle]);
    else others.push(obstacle);
  }
  return met;
}

/** Class of what stood in an action's way; null where nothing did, or where its result is not known. */
export function obstacleIn({ result, commands }: TalkAction): ObstacleClass | null {
  if (result === null || result.exit === "running") return null;
  const { exit, output } = result;
  const read = output.length > 2 * MOST_READ ? output.slice(0, MOST_READ) + output.slice(-MOST_READ) : output;
  const failed = exit !== "0" && exit !== "";
  if (!failed && !LOUD.test(read)) return null;
  if (exit === "127" || O1.test(read)) return "O1";
  if (
    /^timed out/.test(exit) &&
    commands.some((c) => /^(vim?|nano|emacs|less|more|top|htop|watch|man)$/.test(c.program))
  )
    return "O1";
  // `python: can't open file ... No such file` is where it was run, not how: the environment before the usage.
  if (exit === "126" || exit === "137" || O2.test(read)) return "O2";
  if (O3.test(read)) return "O3";
  const last = commands.at(-1)?.program ?? "";
  if (exit === "1" && (ANSWERS.test(last) || read.trim() === "")) return null;
  return "other";
}

function subjectOf(action: TalkAction): string {
  const missing = /([\w./+-]{1,60}): (?:command )?not found/.exec(
    action.result?.output.slice(0, MOST_READ) ?? "",
  )?.[1];
  if (missing !== undefined) return familyOf(baseName(missing));
  const programs = action.commands.map((c) => c.program).filter((p) => !/^(cd|echo|sleep|export|)$/.test(p));
  return familyOf(programs.at(-1) ?? action.commands.at(-1)?.program ?? "");
}

const subjectsOf = ({ commands }: TalkAction): Set<string> =>
  new Set(commands.map((c) => familyOf(c.program)));

const familyOf = (program: string): string =>
  FAMILIES.find(([, programs]) => programs.test(program))?.[0] ?? program.slice(0, 60);
