export type ChaosArgs =
  | {
      readonly ok: true;
      readonly seeds: readonly number[];
      readonly labs: number;
      readonly minutes: number | null;
      /** File of results to go on with. */
      readonly out: string | null;
    }
  /** Exit code 2; the text names the remedy. */
  | { readonly ok: false; readonly why: string };

const USAGE = "usage: chaos/main.js [--seeds FROM-TO] [--seed N] [--labs N] [--minutes M] [--out FILE]";
const MOST_LABS = 8;

/** Seeds 1 to 200 in one lab after the other, without. `labs`: side by side; `minutes`: no new run begins after so long; `out`: seeds that are in that file and did not differ are not played again. */
export function chaosArgs(args: readonly string[]): ChaosArgs {
  let [from, to, labs]: [number, number, number] = [1, 200, 1];
  let minutes: number | null = null;
  let out: string | null = null;
  for (let i = 0; i < args.length; i += 2) {
    const [option = "", value = ""] = [args[i], args[i + 1]];
    const range = /^(\d{1,9})-(\d{1,9})$/.exec(value);
    const whole = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
    if (option === "--seeds" && range !== null) [from, to] = [Number(range[1]), Number(range[2])];
    else if (option === "--seed" && whole !== null) [from, to] = [whole, whole];
    else if (option === "--labs" && whole !== null) labs = whole;
    else if (option === "--minutes" && whole !== null) minutes = whole;
    else if (option === "--out" && value !== "") out = value;
    else return { ok: false, why: USAGE };
  }
  if (from < 1 || to < from || to - from >= 100_000)
    return { ok: false, why: `seeds go from 1 up, 100000 at once at most; ${USAGE}` };
  if (labs > MOST_LABS) return { ok: false, why: `${MOST_LABS} labs side by side at most` };
  return { ok: true, seeds: Array.from({ length: to - from + 1 }, (_, i) => from + i), labs, minutes, out };
}

/** Prints what a failing seed needs to happen again. */
export const replayCommand = (seed: number): string => `node test/dist/chaos/main.js --seed ${seed}`;
