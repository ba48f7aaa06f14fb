import { basename } from "node:path";

/** How the interpreters that we know find their script; options with a value of their own word, and those after which there is none. */
interface Interpreter {
  readonly name: RegExp;
  readonly valued: readonly string[];
  /** The code stands on the command line, comes from elsewhere than a file, or other code is loaded first and may be all that runs. */
  readonly inline: RegExp;
}

/** Options of node that load other code before the script. */
const LOADS = /^(-r|--require|--import|--loader|--experimental-loader)(=|$)/;

const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^node(js)?(-\d+)?$/,
    valued: ["-C", "--conditions", "--title"],
    inline: new RegExp(`${LOADS.source}|^(-e|-p|-pe|-i|--eval|--print|--interactive)(=|$)`),
  },
  { name: /^python[\d.]*$/, valued: ["-W", "-X", "--check-hash-based-pycs"], inline: /^-[a-zA-Z]*[cm]/ },
  {
    name: /^(ba|da)?sh$/,
    valued: ["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
    inline: /^-[a-zA-Z]*[cs]/,
  },
];

export type ScriptOf =
  /** The program itself is what runs. */
  | { readonly kind: "program" }
  | { readonly kind: "script"; readonly path: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * Which script a process runs by its executable (the kernel's word) and its command line (the process's own word): the first
 * argument that is no option.
 */
export function scriptOf(exe: string, cmdline: readonly string[]): ScriptOf {
  const program = basename(exe.replace(/ \(deleted\)$/, ""));
  const interpreter = INTERPRETERS.find(({ name }) => name.test(program));
  if (interpreter === undefined) return { kind: "program" };
  const rest = cmdline.slice(1);
  for (let at = 0; at < rest.length; at += 1) {
    const argument = rest[at] ?? "";
    const ends = argument === "--";
    if (!ends && interpreter.inline.test(argument))
      return { kind: "none", why: `code by option ${argument.slice(0, 40)}` };
    if (interpreter.valued.includes(argument)) at += 1;
    else if (ends || !/^[-+]./.test(argument)) {
      const path = ends ? rest[at + 1] : argument;
      if (path !== undefined && path !== "-") return { kind: "script", path };
      break;
    }
  }
  return { kind: "none", why: `${program} without a script on its command line` };
}

/**
 * The variable by which other code comes into a process before its script does; null where none is seen.
 * @param environ text of `/proc/PID/environ`: as it was at the start, and in the process's own hands since
 */
export function codeByEnvironment(environ: string): string | null {
  const found = environ.split("\0").find((entry) => {
    const [name, value] = [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)];
    if (name === "NODE_OPTIONS") return value.split(/\s+/).some((word) => LOADS.test(word));
    return (name === "LD_PRELOAD" || name === "LD_AUDIT") && value !== "";
  });
  return found === undefined ? null : found.slice(0, found.indexOf("="));
}
