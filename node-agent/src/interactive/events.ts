import type { SelfTest } from "@redline/shared";
import type { BrokerCounts } from "../brains/broker.ts";

/** What a program of the agent by hand tells the command that started it, one JSON object a line. */
export type ByHandEvent =
  | {
      readonly event: "namespaces";
      readonly user: string;
      readonly pid: string;
      readonly net: string;
      readonly mnt: string;
    }
  /** For people, while it comes up. */
  | { readonly event: "step"; readonly text: string }
  | { readonly event: "self-test"; readonly report: SelfTest }
  /** Who answers the agent's questions. */
  | { readonly event: "brain"; readonly label: string }
  /** From here on stdin and stdout are the agent's. */
  | { readonly event: "ready" }
  | {
      readonly event: "agent-ended";
      readonly how: AgentEnd;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | ({ readonly event: "used" } & Used)
  /** The cell's end. `dropped`: packets that its guard threw away. */
  | {
      readonly event: "gone";
      readonly clean: boolean;
      readonly left: readonly string[];
      readonly dropped: number | null;
    }
  | { readonly event: "failed"; readonly text: string };

/** `lost`: its session or its cell ended under it. */
export type AgentEnd = "exited" | "signalled" | "time-limit" | "output-limit" | "stopped" | "lost";

export type Used = Pick<
  BrokerCounts,
  "requests" | "answered" | "failed" | "promptTokens" | "completionTokens"
>;
