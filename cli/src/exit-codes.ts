/** Exit codes of `redline`. Verdicts by themselves do not set them. */
export const EXIT = {
  done: 0,
  /** An error nobody planned for, or a control verdict that is not the known right one. */
  unexpected: 1,
  /** Usage, or a file or setting that cannot be used. */
  usage: 2,
  /** More trials ended in infra faults than the study allows, or some fit no node. */
  infra: 3,
  /** A cell or the lab could not be proved gone, something broke out, or a node's containment was not shown. */
  notSterile: 4,
  unreachable: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people and its exit code. `remedy`: what to type or change. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: ExitCode;
  readonly remedy: string | undefined;

  constructor(code: ExitCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }
}
