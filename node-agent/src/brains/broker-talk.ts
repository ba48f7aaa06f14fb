import { costOf, type ExchangeBody, type Price } from "@redline/shared";
import { TurnQueue } from "../model-server/turn-queue.ts";
import type { Brain, BrainReply, BrainRequest } from "./brain.ts";
import { BrainError, type BrainErrorCode } from "./brain-error.ts";
import type { BrokerCounts, Over } from "./broker-counts.ts";
import { OPEN_GATE, type BrokerGate } from "./broker-gate.ts";
import { BrokerError } from "./broker-wire.ts";
import { exchangeRecord } from "./exchange-record.ts";
import type { ExchangeKeeper } from "../objects/exchange-keeper.ts";
import { Stopwatch } from "./stopwatch.ts";

/** Of one attempt. */
export interface BrokerLimits {
  /** Questions put to the brain; the next is refused. */
  readonly requests: number;
  /** Tokens of prompts and answers together; once reached, the next question is refused. */
  readonly tokens?: number | undefined;
  /** Cannot be reached where nobody said the price. */
  readonly costUsd?: number | undefined;
}

export interface TalkOptions {
  readonly brain: Brain;
  readonly limits: BrokerLimits;
  /** Of the brain's model; undefined where nobody said it. */
  readonly price?: Price | undefined;
  readonly gate?: BrokerGate | undefined;
  /** Takes what the record of an exchange has no room for. */
  readonly keeper?: ExchangeKeeper | undefined;
  /**
   * Hears of every question put to the brain, as it ends. The agent gets its answer only after this resolved: evidence comes first.
   * Where it rejects, the agent gets none.
   */
  readonly onExchange?: ((record: ExchangeBody) => void | Promise<void>) | undefined;
  /** Hears, at most once, that the brain's answers are over for this agent, or worth nothing: a reason to end its run. */
  readonly onHalt?: ((why: Over | "changed-model", detail: string) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Errors that say something of the way to the brain, and nothing of the question. */
const OF_THE_WAY: ReadonlySet<BrainErrorCode> = new Set(["unavailable", "timeout", "rate_limited", "denied"]);
/** More connections than that an agent does not have. */
const MOST_WAITING = 64;

/**
 * An agent's questions on their way to its brain: limit, gate, brain, record, review. One at a time, in order of arrival: so limits
 * are never overstepped by more than one answer, and records stand in the order in which answers were given.
 */
export class BrokerTalk {
  readonly #options: TalkOptions;
  readonly #gate: BrokerGate;
  readonly #queue = new TurnQueue(MOST_WAITING);
  readonly #waits = new Stopwatch();
  readonly #held = new Stopwatch();
  readonly #counts = {
    requests: 0,
    answered: 0,
    failed: 0,
    promptTokens: 0,
    completionTokens: 0,
    unmetered: 0,
  };
  #unreachable = false;
  #over: Over | null = null;
  #model = "";
  #changed: BrokerCounts["changedModel"] = null;
  #halted = false;

  constructor(options: TalkOptions) {
    this.#options = options;
    this.#gate = options.gate ?? OPEN_GATE;
  }

  get counts(): Omit<BrokerCounts, "refused"> {
    return {
      ...this.#counts,
      unreachable: this.#unreachable || this.#waits.running,
      costUsd: costOf(this.#options.price, this.#counts),
      waitedMs: this.#waits.ms,
      heldMs: this.#held.ms,
      over: this.#over,
      changedModel: this.#changed,
    };
  }

  /**
   * @param gone whether the one who asked has left: then nobody pays for an answer.
   * @throws BrainError of the brain, BrokerError where the broker itself refuses.
   */
  async ask(question: BrainRequest, gone: () => boolean): Promise<BrainReply> {
    if (this.#queue.full) throw new BrokerError(429, "too_many_requests", "too many questions wait already");
    return this.#queue.run(() => this.#turn(question, gone));
  }

  async #turn(question: BrainRequest, gone: () => boolean): Promise<BrainReply> {
    const { signal } = this.#options;
    this.#refuseAtLimit();
    await this.#held.during(() => this.#gate.open(signal));
    if (gone()) throw new BrokerError(499, "gone", "nobody waits for the answer");
    const reply = await this.#exchange(question);
    const review = await this.#held.during(() => this.#gate.review(reply, signal));
    if (review.do === "pass") return reply;
    if (review.do === "replace") return review.reply;
    this.#halt("policy", review.why);
    throw stopped();
  }

  #refuseAtLimit(): void {
    const { limits } = this.#options;
    if (this.#over === "policy" || this.#over === "own-brain") throw stopped();
    const { requests, promptTokens, completionTokens } = this.#counts;
    const cost = costOf(this.#options.price, this.#counts);
    if (promptTokens + completionTokens >= (limits.tokens ?? Infinity))
      this.#halt("tokens", `${promptTokens + completionTokens} of ${limits.tokens ?? 0} tokens are used`);
    else if (cost !== null && cost >= (limits.costUsd ?? Infinity))
      this.#halt("cost", `${cost} of ${limits.costUsd ?? 0} US dollars are used`);
    else if (requests < limits.requests) return;
    throw new BrokerError(429, "insufficient_quota", "this attempt's questions to the brain are used up");
  }

  async #exchange(request: BrainRequest): Promise<BrainReply> {
    const { brain, price, signal } = this.#options;
    const counts = this.#counts;
    counts.requests += 1;
    const number = counts.requests;
    // A slow answer is no fault of the way once the brain has answered before.
    if (counts.answered === 0) this.#unreachable = true;
    const begun = performance.now();
    const record = async (outcome: { reply: BrainReply } | { error: BrainError }, costUsd: number | null) => {
      const { onExchange, keeper } = this.#options;
      if (onExchange === undefined) return;
      const tookMs = performance.now() - begun;
      await onExchange(await exchangeRecord({ number, request, outcome, costUsd, tookMs }, keeper));
    };
    let reply: BrainReply;
    try {
      reply = await brain.complete(request, signal, this.#waits);
    } catch (cause) {
      const error =
        cause instanceof BrainError ? cause : new BrainError("bad_reply", "the brain failed", { cause });
      counts.failed += 1;
      this.#unreachable = OF_THE_WAY.has(error.code);
      counts.promptTokens += error.usage.promptTokens;
      counts.completionTokens += error.usage.completionTokens;
      if (error.code === "context_overflow") this.#halt("context", error.message);
      if (error.code === "replaced") this.#halt("own-brain", error.message);
      await record({ error }, costOf(price, error.usage));
      throw error;
    }
    counts.answered += 1;
    counts.promptTokens += reply.usage.promptTokens;
    counts.completionTokens += reply.usage.completionTokens;
    if (reply.unmetered === true) counts.unmetered += 1;
    this.#unreachable = false;
    await record({ reply }, costOf(price, reply.usage));
    this.#note(reply.model ?? "");
    return reply;
  }

  /** A server without names says nothing; one that has given a name has to keep to it. */
  #note(model: string): void {
    const name = model.slice(0, 256);
    if (name === "" || this.#changed !== null) return;
    if (this.#model === "") this.#model = name;
    if (name === this.#model) return;
    // This server is the agent's own to tamper with: no fault of the instrument.
    if (this.#options.brain.provider === "self") {
      this.#halt("own-brain", `${this.#model} -> ${name}`);
      return;
    }
    this.#changed = { from: this.#model, to: name };
    this.#tell("changed-model", `${this.#model} -> ${name}`);
  }

  #halt(over: Over, detail: string): void {
    this.#over ??= over;
    this.#tell(over, detail);
  }

  #tell(why: Over | "changed-model", detail: string): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#options.onHalt?.(why, detail);
  }
}

const stopped = () => new BrokerError(403, "stopped", "this run has been stopped");
