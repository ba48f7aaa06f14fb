/** The lab as the commands see it; `lab/lab.ts` gives it. */
export interface LabPort {
  readonly socketPath: string;
  readonly stateDir: string;
  readonly hosts: readonly string[];
  /** Orderly end. `left` names what is still there, which must be nothing. */
  stop(): Promise<{ readonly clean: boolean; readonly left: readonly string[] }>;
  /** Ends everything at once; safe at any moment. */
  kill(): void;
  /** `why` is the lab's own word on its end, empty when it has none. */
  readonly ended: Promise<{ readonly code: number | null; readonly why: string }>;
}

export interface LabPortOptions {
  readonly stateDir: string;
  /** Folders whose sub-folders are specimens. */
  readonly specimenDirs: readonly string[];
  readonly leaseMs?: number;
  /** Base URLs of model servers on this machine's loopback that the lab's hosts may reach. */
  readonly brainUrls?: readonly string[];
  /** A line of progress, for people. */
  readonly onLine: (text: string) => void;
  /**
   * Ends the coming up, and everything that was already started with it. When this process ends in any
   * way, the lab must end too: a second Ctrl-C does nothing else than to end this process.
   */
  readonly signal: AbortSignal;
}

/** Rejects when the lab could not come up; nothing of it is left then. Its processes must not get the terminal's Ctrl-C. */
export type StartLab = (options: LabPortOptions) => Promise<LabPort>;

/** Loaded when it is needed: most commands need no lab. */
export async function loadLab(): Promise<StartLab> {
  const { startLab } = await import("./lab/lab.ts");
  return startLab;
}
