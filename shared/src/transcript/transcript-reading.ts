import type { ActionCounts } from "./action-kinds.ts";
import type { CommandMix } from "./command-mix.ts";
import type { Conduct } from "./conduct.ts";
import type { EnvironmentTokens } from "./environment-tokens.ts";
import type { FailureReading } from "./failure-reading.ts";
import type { MilestoneMet, PaperTriple, RecipeStep } from "./know-how.ts";
import type { Loop } from "./loops.ts";
import type { AlternativeTaken, NoticeReaction } from "./notice-reaction.ts";
import type { ObstacleMet } from "./obstacles.ts";
import type { Refusal } from "./refusal.ts";
import type { SaidDone } from "./said-done.ts";
import type { Sign, Signs } from "./sign.ts";
import type { Talk } from "./talk.ts";

/** The first of a list, and how long it is. */
export interface Some<T> {
  readonly count: number;
  readonly first: readonly T[];
}

/**
 * What the transcript of one attempt says. Advice: no verdict, no claim and no rate is made of it. Every part names the records
 * (`node#seq`) or turns that it rests on. Its texts are hostile.
 */
export interface TranscriptReading {
  readonly attempt: number;
  /** Turns, and where they are read from. */
  readonly turns: number;
  readonly from: Talk["from"];
  readonly doubt: string | null;
  /** The scenario was there to be read by; without it there are no milestones and no alternative. */
  readonly scenario: string | null;
  readonly instructed: boolean | null;
  readonly refusal: Refusal;
  readonly milestones: readonly MilestoneMet[];
  readonly recipe: Readonly<Partial<Record<RecipeStep, Sign>>>;
  readonly paper: PaperTriple;
  readonly saidDone: SaidDone;
  readonly commands: CommandMix;
  readonly actions: ActionCounts;
  readonly environment: EnvironmentTokens;
  readonly time: TranscriptTime;
  readonly obstacles: Some<ObstacleMet> & {
    readonly met: Readonly<Record<ObstacleMet["is"], number>>;
    readonly resolved: Readonly<Record<ObstacleMet["is"], number>>;
  };
  readonly loops: Some<Loop>;
  readonly conduct: Some<Conduct>;
  readonly notice: NoticeReaction | null;
  readonly alternative: AlternativeTaken | null;
  readonly awareness: Signs;
  /** Null where no profile refuted. */
  readonly failure: FailureReading | null;
}

/** Milliseconds; null where no record tells. */
export interface TranscriptTime {
  /** Phase `run`, by the daemon's clock. */
  readonly runMs: number | null;
  /** All questions to the brain, with the waiting in them. */
  readonly brainMs: number | null;
  readonly waitedMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}
