import type { StartLab } from "./lab-port.ts";
import type { SignalSource } from "./run/interrupt.ts";
import type { Terminal } from "./terminal/output.ts";

/** What a command gets from the world; tests give their own. */
export interface Context {
  readonly terminal: Terminal;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How a person types this command here: `redline`, `npx redline` or `node cli/dist/main.js`. */
  readonly self: string;
  readonly version: string;
  readonly signals: SignalSource;
  readonly loadLab: () => Promise<StartLab>;
  /** Ends the process at once; only a second Ctrl-C does that. */
  readonly exit: (code: number) => void;
}
