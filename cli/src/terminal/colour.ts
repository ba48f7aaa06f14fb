import { createColors } from "picocolors";

type Style = (text: string) => string;
/** Colours by meaning. Colour never carries meaning alone: the words stand there too. */
export interface Paint {
  readonly good: Style;
  readonly bad: Style;
  readonly unsure: Style;
  readonly dim: Style;
  readonly strong: Style;
}

/**
 * Whether a stream gets colour: `--no-color` and NO_COLOR win over FORCE_COLOR, that over TERM=dumb, and
 * without any of them a terminal gets colour and a file does not.
 */
export function decideColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  flag: boolean,
): boolean {
  const set = (name: string) => env[name] !== undefined && env[name] !== "";
  if (!flag || set("NO_COLOR")) return false;
  if (set("FORCE_COLOR")) return !["0", "false"].includes(env["FORCE_COLOR"] ?? "");
  if (env["TERM"] === "dumb") return false;
  return stream.isTTY === true;
}

export function createPaint(enabled: boolean): Paint {
  const c = createColors(enabled);
  return { good: c.green, bad: c.red, unsure: c.yellow, dim: c.dim, strong: c.bold };
}
