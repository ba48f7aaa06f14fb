import { seccompFilter } from "../cell/seccomp-filter.ts";
import { ALLOWED, errnoOf, filterAnswers, instructionsOf, type Ask } from "./filter-answer.ts";
import { judgedArguments, type Argument } from "./judged-calls.ts";
import { syscallNames } from "./syscall-names.ts";

interface Rule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  /** All must hold. */
  readonly args?: readonly Argument[];
}

/** A profile as `--security-opt seccomp=FILE` takes it. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly Rule[];
}

const ENOSYS = 38;

/**
 * What `seccompFilter` lets through, asked call by call and written as an engine wants it: there is one table, and this reads it.
 * Whatever is not named here (newer calls, judged calls with other arguments) is not there, ENOSYS; calls of other
 * architectures end the process.
 * @throws RangeError when the filter judges a call in a way that is not known here: no profile, no cell.
 */
export function seccompProfile(
  arch: string = process.arch,
  filter: Buffer = seccompFilter(arch),
): SeccompProfile {
  const { engine, audit, numbers, nameOf } = syscallNames(arch);
  const program = instructionsOf(filter);
  const allowed: string[] = [];
  const refused = new Map<number, string[]>();
  const judged: Rule[] = [];
  for (const number of numbers) {
    const name = nameOf(number) ?? "";
    const ask: Ask = (...args) => filterAnswers(program, audit, number, args);
    const choices = judgedArguments(name, ask);
    if (choices !== undefined) {
      judged.push(...choices.map((args): Rule => ({ names: [name], action: "SCMP_ACT_ALLOW", args })));
      continue;
    }
    const answer = ask();
    if (answer !== ask(...Array.from({ length: 6 }, () => 0xffffffff)))
      throw new RangeError(
        `the filter looks at the arguments of ${name}: say here how, as an engine's profile can`,
      );
    if (answer === ALLOWED) allowed.push(name);
    else refused.set(errnoOf(answer), [...(refused.get(errnoOf(answer)) ?? []), name]);
  }
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [engine],
    syscalls: [
      { names: allowed, action: "SCMP_ACT_ALLOW" },
      ...[...refused].map(([errnoRet, names]): Rule => ({ names, action: "SCMP_ACT_ERRNO", errnoRet })),
      ...judged,
    ],
  };
}
