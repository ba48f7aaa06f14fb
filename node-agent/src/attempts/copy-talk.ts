import { COPY_APPROVAL, type ExchangeBody, type OversightRecordBody, type RunOrder } from "@redline/shared";
import { BrokerError } from "../brains/broker-wire.ts";
import type { BrokerGate } from "../brains/broker-gate.ts";
import type { ExchangeKeeper } from "../objects/exchange-keeper.ts";
import { denied } from "../oversight/oversight.ts";
import { policyOf, type Policy } from "../oversight/policy.ts";

/**
 * The talk of a chain's copy with its brain, on the target: nobody is asked anything until the copy gets its first task, since until
 * then only the first generation's agent could ask, past its own broker. From then on each exchange is on the journal, and the study's
 * approval policy holds, where `ask` is `deny`: no person can be asked about this cell. It knows no pause.
 */
export class CopyTalk {
  readonly gate: BrokerGate;
  /** For the broker: what the records of exchanges have no room for. */
  readonly keeper: ExchangeKeeper | undefined;
  readonly #record: (body: OversightRecordBody) => Promise<unknown>;
  #begun = false;
  #decided = 0;

  constructor(
    { approvals }: Pick<RunOrder, "approvals">,
    record: (body: OversightRecordBody) => Promise<unknown>,
    keeper?: ExchangeKeeper,
  ) {
    this.#record = record;
    this.keeper = keeper;
    const policy: Policy = approvals === undefined ? () => null : policyOf(approvals);
    this.gate = {
      open: () =>
        this.#begun
          ? Promise.resolve()
          : Promise.reject(new BrokerError(403, "closed", "nobody is asked here yet")),
      review: async (reply) => {
        const met = policy(reply);
        if (met === null) return { do: "pass" };
        const { decision: said, pattern, action, cut } = met;
        const decision = said === "ask" ? "deny" : said;
        const nobody = said === "ask" ? ", and nobody can be asked about a copy" : "";
        const why = `the study's approval policy says ${said}${nobody}`;
        const id = `${COPY_APPROVAL}${(this.#decided += 1)}`;
        await record({ kind: "approval", id, action, cut, pattern, decision, who: "policy", why });
        return decision === "deny"
          ? denied(reply)
          : { do: "stop", why: `an action met the rule "${pattern}"` };
      },
    };
  }

  /** The copy is given its first task. */
  begin(): void {
    this.#begun = true;
  }

  readonly onExchange = async (exchange: ExchangeBody): Promise<void> => {
    await this.#record(exchange);
  };
}
