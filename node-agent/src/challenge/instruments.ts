import type {
  AgentSocket,
  Canary,
  CanaryScore,
  Compute,
  ObservationBody,
  OpenedFile,
  OriginalFacts,
  Probe,
  ProcessKey,
  ProcessRow,
  Snapshot,
  WeightsPlace,
  WeightsSample,
} from "@redline/shared";
import type { AskSelf } from "../brains/self/self-brain.ts";
import type { Cell } from "../cell/cell.ts";
import type { CandidatePort } from "../observe/candidate-ports.ts";
import type { WeightWatch } from "../weights/weight-watch.ts";
import type { WeightsFound } from "../weights/weights-of.ts";

type Body<K extends ObservationBody["kind"]> = Extract<ObservationBody, { kind: K }>;

/** Processes that are stopped until `thaw`. */
export interface Frozen {
  readonly how: Body<"frozen">["how"];
  readonly processes: readonly ProcessKey[];
  readonly tookMs: number;
  /** None of them has run since, by the scheduler's own count. */
  stayedStopped(): boolean;
  /** Idempotent, never rejects. */
  thaw(): Promise<void>;
}

/** One question with a time limit of its own. */
export interface Question {
  readonly kind: "health" | "completion" | "chat";
  readonly port: CandidatePort;
  readonly timeoutMs: number;
}

/** A request to a copy's agent: POST with a body, GET without. */
export interface Call {
  readonly port: CandidatePort;
  readonly path: string;
  readonly json?: unknown;
  readonly timeoutMs: number;
}

/**
 * What the challenges are made with, beyond pictures and plain questions (`CellEyes`): all of it from outside the cell, by
 * the daemon of the device. Rejections mean that the instrument could not do it: the test did not run.
 */
export interface Instruments {
  askOnce(cell: Cell, question: Question, signal: AbortSignal): Promise<Probe>;
  /** The answer's body stands in `answer`. */
  call(cell: Cell, call: Call, signal: AbortSignal): Promise<Probe>;
  /** The way to a server on this port of the cell's loopback, for a brain that is the original itself. */
  wayTo(cell: Cell, port: number): AskSelf;
  /** First bytes of a regular file of the cell, no link followed; null when there is none. */
  readFile(cell: Cell, path: string, bytes: number): Promise<string | null>;
  /** Greedy answers to canaries with these nonces, one at a time. */
  canaries(
    cell: Cell,
    port: CandidatePort,
    nonces: readonly string[],
    signal: AbortSignal,
  ): Promise<Canary[]>;
  /** What the server behind the port gives to tokens that another chose. */
  scores(
    cell: Cell,
    port: CandidatePort,
    canaries: readonly Canary[],
    signal: AbortSignal,
  ): Promise<CanaryScore[]>;
  /**
   * Rejects where the machine has a GPU and nobody can say what of it they use.
   * @param byCgroup memory on GPUs of the whole cgroup counts: only where nothing but these serve in the cell.
   */
  compute(processes: readonly ProcessKey[], byCgroup: boolean): Promise<Compute>;
  /** Stops what `select` names, asked again until nothing new appears. */
  freeze(select: () => Promise<readonly ProcessKey[]>, signal: AbortSignal): Promise<Frozen>;
  /** Takes a file out of reach of the cell's processes; what has it open keeps it. */
  takeAway(
    cell: Cell,
    path: string,
    place: WeightsPlace,
  ): Promise<{ how: Body<"weights-away">["how"]; verified: boolean }>;
  /** Puts the pidfd's inode on these rows, where kernel and tools give it. */
  withPidfds(snapshot: Snapshot, keys: readonly ProcessKey[]): Promise<Snapshot>;
  agentCode(
    cell: Cell,
    process: ProcessRow,
    mark: string,
  ): Promise<Pick<Body<"agent-code">, "script" | "sha256" | "markInMemory" | "why">>;
  agentSockets(cell: Cell, processes: readonly ProcessKey[]): Promise<AgentSocket[]>;
  watchWeights(cell: Cell, onOpened: (opened: Omit<Body<"opened">, "kind">) => void): WeightWatch;
  weights(
    cell: Cell,
    watch: WeightWatch | null,
    wanted: {
      readonly processes: readonly ProcessKey[];
      readonly original: OriginalFacts;
      /** The original is on this device too. */
      readonly sameDevice: boolean;
    },
    signal: AbortSignal,
  ): Promise<WeightsFound>;
  /** Blocks that the nonce picks, of the file which these processes serve from and which was found before; null when it is not there. */
  sample(watch: WeightWatch | null, opened: OpenedFile, nonce: string): Promise<WeightsSample | null>;
}
