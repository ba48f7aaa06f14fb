import { basename } from "node:path";

/** How the interpreters that we know find their script; options with a value of their own word, and those after which there is none. */
interface Interpreter {
  readonly name: RegExp;
  readonly valued: readonly string[];
  /** The code stands on the command line, or comes from elsewhere than a file. */
  readonly inline: RegExp;
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^node(js)?(-\d+)?$/,
    valued: [
      "-r",
      "--require",
      "--import",
      "--loader",
      "--experimental-loader",
      "-C",
      "--conditions",
      "--title",
    ],
    inline: /^(-e|-p|-pe|-i|--eval|--print|--interactive)(=|$)/,
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
