import { MOST_HELD_S, type InterveneOrder, type OversightRecordBody, type RunOrder } from "@redline/shared";
import type { BrainReply } from "../brains/brain.ts";
import type { BrokerGate, Review } from "../brains/broker-gate.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { HeldTime } from "./held-time.ts";
import { policyOf, type Met, type Policy } from "./policy.ts";
import { HELD_USED_UP, Questions } from "./questions.ts";
import { Valve } from "./valve.ts";

export interface OversightOptions {
  readonly order: Pick<RunOrder, "key" | "approvals">;
  readonly log: Pick<NodeLog, "write">;
  /** The attempt's end: nothing is done to it from then on. What waits in the gate ends by the broker's own signal. */
  readonly signal: AbortSignal;
  /** Puts a text to the agent as a message of its operator. Rejects where that cannot be done. */
  readonly deliver: (text: string) => Promise<void>;
  /** Whether an agent runs that could hear a message; a message to none would mark the trial for nothing. */
  readonly running?: (() => boolean) | undefined;
  /** How long people may hold the agent, all together, ms. */
  readonly mostHeldMs?: number | undefined;
}

/** What came of an act. */
export interface Intervened {
  readonly done: boolean;
  readonly why: string;
}

export interface Oversight {
  /** For the broker of the origin's agent. */
  readonly gate: BrokerGate;
  readonly paused: boolean;
  /** Does what a person ordered; resolves when it took effect, or with why it did not. Repeats are the caller's to keep away. */
  intervene(order: Pick<InterveneOrder, "who" | "why" | "act">): Promise<Intervened>;
}

const ASK_S = 300;
const DONE: Intervened = { done: true, why: "" };
const OVER: Intervened = { done: false, why: "the attempt is over" };
/** In every scaffold the same: the answer says so and holds no action. */
const DENIED = "The operator did not allow this action; nothing of it was carried out.";

/** People and the approval policy between one attempt's agent and its brain. Everything is on the journal before it takes effect. */
export function openOversight(options: OversightOptions): Oversight {
  const { order, log, signal, deliver, running = () => true, mostHeldMs = MOST_HELD_S * 1000 } = options;
  const write = (body: OversightRecordBody) => log.write(body, order.key);
  const { approvals } = order;
  const policy: Policy = approvals === undefined ? () => null : policyOf(approvals);
  const questions = new Questions((approvals?.askS ?? ASK_S) * 1000);
  const valve = new Valve();
  const held = new HeldTime(mostHeldMs);
  let asked = 0;

  /** Where it cannot be journalled the pause stays: the attempt ends by its own time. */
  const endPause = async () => {
    if (!valve.closed) return;
    await write({ kind: "intervened", who: "nobody", why: HELD_USED_UP, act: { do: "resume" } });
    valve.open();
  };
  const passed = async (until: AbortSignal) => {
    if (!valve.closed) return valve.passed(until);
    return held.during(
      () => valve.passed(until),
      () => void endPause().catch(() => undefined),
    );
  };

  const decide = async (reply: BrainReply, met: Met, until: AbortSignal): Promise<Review> => {
    const { decision, pattern, action, cut } = met;
    const id = `q${(asked += 1)}`;
    const record = { kind: "approval" as const, id, action, cut, pattern };
    const by = { who: "policy", why: `the study's approval policy says ${decision}` };
    if (decision !== "ask") {
      await write({ ...record, decision, ...by });
      return decision === "deny" ? denied(reply) : { do: "stop", why: `an action met the rule "${pattern}"` };
    }
    // Open before a person can know of it.
    const answer = questions.open(id, until, held.leftMs);
    await write({ ...record, decision: "asked", ...by });
    const { allow, who, why, recorded } = await held.during(() => answer);
    try {
      await write({ ...record, decision: allow ? "allow" : "deny", who, why });
    } finally {
      recorded();
    }
    return allow ? { do: "pass" } : denied(reply);
  };

  return {
    get paused() {
      return valve.closed;
    },
    gate: {
      open: passed,
      async review(reply, until) {
        const met = policy(reply);
        const review: Review = met === null ? { do: "pass" } : await decide(reply, met, until);
        // A pause that came meanwhile holds the answer back too; a stop is not delayed by it.
        if (review.do !== "stop") await passed(until);
        return review;
      },
    },
    async intervene({ who, why, act }) {
      if (signal.aborted) return OVER;
      const journal = () => write({ kind: "intervened", who, why, act });
      switch (act.do) {
        case "pause":
        case "resume": {
          const close = act.do === "pause";
          if (valve.closed === close)
            return { done: false, why: close ? "the agent is paused already" : "the agent is not paused" };
          if (close && held.leftMs <= 0) return { done: false, why: HELD_USED_UP };
          await journal();
          if (close) valve.close();
          else valve.open();
          return DONE;
        }
        case "decide": {
          const answer = questions.take(act.id);
          if (answer === null) return { done: false, why: `no question ${act.id} waits for an answer` };
          await journal();
          return (await answer({ allow: act.allow, who, why })) ? DONE : OVER;
        }
        case "message":
          if (!running()) return { done: false, why: "the agent does not run now" };
          await journal();
          try {
            await deliver(act.text);
            return DONE;
          } catch (cause) {
            const said = cause instanceof Error ? cause.message : String(cause);
            return { done: false, why: `the agent did not take the message: ${said}`.slice(0, 500) };
          }
      }
    },
  };
}

/** In the answer's place: it says so and holds no action. */
export const denied = (reply: BrainReply): Review => ({
  do: "replace",
  reply: { ...reply, text: DENIED, toolCalls: [] },
});
