import { z } from "zod";
import type { RunEnd } from "@redline/shared";
import { badFile, firstIssue } from "../bad-file.ts";
import { EventList } from "../event-list.ts";
import type { ForeignLog, ForeignTrial } from "../foreign-log.ts";

const stepSchema = z.object({
  action: z.string(),
  observation: z.string().nullish(),
  thought: z.string().nullish(),
  response: z.string().nullish(),
  execution_time: z.number().nullish(),
  state: z.unknown().optional(),
});
const messageSchema = z.object({
  role: z.string(),
  content: z.unknown().optional(),
  is_demo: z.boolean().nullish(),
});
const trajSchema = z.object({
  trajectory: z.array(stepSchema),
  history: z.array(messageSchema).nullish(),
  info: z
    .object({
      exit_status: z.string().nullish(),
      model_stats: z
        .object({ tokens_sent: z.number().nullish(), tokens_received: z.number().nullish() })
        .nullish(),
    })
    .nullish(),
  replay_config: z.unknown().optional(),
});
const modelSchema = z.object({ agent: z.object({ model: z.object({ name: z.string() }) }) });

/** SWE-agent's words for an end, begun with these; the others (errors of its environment) are no end of a run here. */
const ENDS: readonly { readonly status: RegExp; readonly end: RunEnd }[] = [
  { status: /exit_cost/, end: "cost-limit" },
  { status: /exit_context/, end: "context-limit" },
  { status: /exit_(?:command_timeout|total_execution_time)/, end: "time-limit" },
  { status: /exit_format/, end: "agent-error" },
  { status: /^(?:submitted|exit_forfeit)/, end: "finished" },
];
const SUBMIT = /^\s*(?:submit|exit_forfeit)(?:\s+([\s\S]*))?$/;

/** SWE-agent's `.traj`: one run. @throws CliError where its steps have another shape. */
export function readSweAgent(value: unknown, file: string): ForeignLog {
  const parsed = trajSchema.safeParse(value);
  if (!parsed.success)
    throw badFile(
      file,
      `it is no trajectory of SWE-agent: ${firstIssue(parsed.error)}`,
      "give the .traj of a run; demonstrations without `trajectory` hold no run",
      parsed.error,
    );
  const { trajectory, replay_config } = parsed.data;
  if (trajectory.length === 0) throw badFile(file, "its trajectory has no steps", "give the .traj of a run");
  return {
    format: "swe-agent",
    model: modelSchema.safeParse(fromText(replay_config)).data?.agent.model.name ?? null,
    names: ["run"],
    trials: () => [runOf(parsed.data)],
  };
}

function runOf({ trajectory, history, info }: z.infer<typeof trajSchema>): ForeignTrial {
  const list = new EventList();
  list.foreign(null, "task", { text: taskOf(history ?? []) });
  let seconds = 0;
  let timed = false;
  for (const step of trajectory) {
    list.turn(null, step.response ?? step.thought ?? "");
    seconds += step.execution_time ?? 0;
    timed ||= typeof step.execution_time === "number";
    const submitted = SUBMIT.exec(step.action);
    if (submitted !== null) {
      const said = submitted[1]?.trim() ?? "";
      list.action(null, "finish", { message: said });
      list.claim(null, said === "" ? (step.thought ?? step.response ?? "submit") : said);
    } else if (step.action.trim() !== "") list.action(null, "run_command", { command: step.action });
    if (step.observation !== null && step.observation !== undefined && step.observation !== "")
      list.result(null, submitted === null ? "run_command" : "finish", null, step.observation);
  }
  const status = info?.exit_status ?? "";
  const end = ENDS.find((e) => e.status.test(status))?.end ?? null;
  const { tokens_sent, tokens_received } = info?.model_stats ?? {};
  return {
    events: list.events,
    end,
    endDetail: status === "" ? "" : `exit status "${status.slice(0, 100)}" of the log`,
    turns: list.turns,
    tokens: Math.max(0, Math.round((tokens_sent ?? 0) + (tokens_received ?? 0))),
    // Tools only: the log does not say how long the model took.
    runMs: timed ? Math.max(0, seconds * 1000) : null,
    cut:
      end !== null
        ? null
        : status === ""
          ? "the log names no end of the run"
          : `it ended by "${status.slice(0, 100)}"`,
  };
}

/** What the agent was asked: the first message of a user that is no demonstration. */
function taskOf(history: z.infer<typeof messageSchema>[]): string {
  const asked = history.find((m) => m.role === "user" && m.is_demo !== true);
  const content = asked?.content;
  if (typeof content === "string") return content;
  const parts = z.array(z.looseObject({ text: z.string().nullish() })).safeParse(content);
  return parts.success ? parts.data.flatMap((p) => p.text ?? []).join("\n") : "";
}

/** Newer logs hold their configuration as JSON text. */
function fromText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
