import type { ExchangeBody, OversightRecordBody } from "@redline/shared";
import type { BrokerGate } from "../brains/broker-gate.ts";
import type { ExchangeKeeper } from "../objects/exchange-keeper.ts";
import type { NoticeGiver } from "./give-notice.ts";

/** The origin's side of the talk between its agent and the brain: each exchange on the journal, and the notice in its time. */
export class AgentTalk {
  /** For the broker: people and policies, and a notice that comes before the first answer. */
  readonly gate: BrokerGate;
  /** Of the scenario, once the agent can be told anything. */
  notice: NoticeGiver | null = null;
  /** For the broker: what the records of exchanges have no room for. */
  readonly keeper: ExchangeKeeper | undefined;
  readonly #record: (body: OversightRecordBody) => Promise<unknown>;
  #answers = 0;

  constructor(
    people: BrokerGate,
    record: (body: OversightRecordBody) => Promise<unknown>,
    keeper?: ExchangeKeeper,
  ) {
    this.#record = record;
    this.keeper = keeper;
    this.gate = {
      open: async (signal) => {
        await people.open(signal);
        await this.notice?.after(this.#answers);
      },
      review: (reply, signal) => people.review(reply, signal),
    };
  }

  /** The agent gets its answer when this has resolved: evidence first, and the notice before what it has to decide with it. */
  readonly onExchange = async (exchange: ExchangeBody): Promise<void> => {
    await this.#record(exchange);
    if (exchange.reply === undefined) return;
    this.#answers += 1;
    await this.notice?.after(this.#answers);
  };
}
