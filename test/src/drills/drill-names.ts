/** What a drill does, in the order in which all of them are done. */
export const DRILL_NAMES = [
  "daemon-killed",
  "daemon-stopped",
  "coordinator-killed",
  "nats-killed",
  "link-cut",
  "stop-all",
  "kill-file",
  "kill-signal",
  "kill-command",
] as const;
export type DrillName = (typeof DRILL_NAMES)[number];

/** The nodes' own settings in the drills' lab: as small as a second of noise allows, so that a hundred repeats take minutes. */
export const PULSE_LIMIT_MS = 3000;
export const CELL_HEARTBEAT_MS = 1500;

export type DrillArgs =
  | { readonly ok: true; readonly names: readonly DrillName[]; readonly repeats: number }
  /** Exit code 2; the text names the remedy. */
  | { readonly ok: false; readonly why: string };

/** `--repeats N --only NAME,...`; all drills, a hundred times each, without. */
export function drillArgs(args: readonly string[]): DrillArgs {
  let names: readonly string[] = DRILL_NAMES;
  let repeats = 100;
  for (let i = 0; i < args.length; i += 2) {
    const [option, value = ""] = [args[i], args[i + 1]];
    if (option === "--repeats" && /^[1-9]\d{0,4}$/.test(value)) repeats = Number(value);
    else if (option === "--only" && value !== "") names = value.split(",");
    else return { ok: false, why: "usage: drills/main.js [--repeats N] [--only NAME,...]" };
  }
  const known: readonly string[] = DRILL_NAMES;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    return { ok: false, why: `there is no drill ${unknown.join(", ")}; drills are: ${known.join(", ")}` };
  return { ok: true, names: DRILL_NAMES.filter((name) => names.includes(name)), repeats };
}
