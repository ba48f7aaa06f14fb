import { nodeIdSchema, terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { leftOf } from "../lab/lab-leftovers.ts";
import { manifestPath } from "../lab/tools.ts";
import { watchInterrupts } from "../run/interrupt.ts";
import { selfTestSummary } from "../self-test/render-self-test.ts";
import type { ChosenBrain } from "./brain-option.ts";
import { startChild, type ChildProgram } from "./child-program.ts";
import { makeHandPlace } from "./hand-place.ts";
import { HandRecord, type ByHandOutcome } from "./hand-record.ts";
import { holdOutside, type OutsideBrain } from "./outside-brain.ts";
import { orderByHand } from "./order-by-hand.ts";
import { rememberSelfTest, wasGreen } from "./remembered-self-test.ts";

const HERE = nodeIdSchema.parse("this-machine");
type Order = Parameters<typeof orderByHand>[0];

export interface ByHandRequest {
  readonly mode:
    | { readonly do: "chat" }
    | { readonly do: "run"; readonly command: string; readonly plain: boolean }
    | { readonly do: "prompt" };
  readonly specimenDir: string;
  readonly brain: ChosenBrain;
  readonly order: Omit<Order, "brain">;
  /** Given to the agent, where it is there. */
  readonly input: NodeJS.ReadableStream | null;
  /** Gets the agent's bytes, which are hostile. */
  readonly onOutput: (chunk: Buffer) => void;
  readonly onErrors: (chunk: Buffer) => void;
  /** Told when stdin and stdout are the agent's. */
  readonly onReady: (brain: string) => void;
}

/**
 * Brings up the agent in a cell with what a trial's origin has, joins it with the caller's streams, and ends and proves everything in every
 * case. Ctrl-C ends the cell; a second one kills it.
 * @throws CliError with the reason where it did not come up.
 */
export async function agentByHand(context: Context, request: ByHandRequest): Promise<ByHandOutcome> {
  const { err } = context.terminal;
  const { brain, mode } = request;
  const place = await makeHandPlace(request.specimenDir);
  let cell: ChildProgram | null = null;
  let outside: OutsideBrain | null = null;
  using interrupt = watchInterrupts(
    context.signals,
    () => {
      err.line("stopping: ending the cell; press Ctrl-C again to kill");
      cell?.stop();
    },
    () => {
      cell?.kill();
      context.exit(EXIT.interrupted);
    },
  );
  try {
    if (place.note !== "") err.line(place.note);
    const order = orderByHand({ ...request.order, brain: brain.spec });
    if (brain.url !== null && mode.do !== "prompt")
      outside = await holdOutside(place, { order, url: brain.url, keyDir: brain.keyDir });
    const machine = { ...context, uid: place.uid ?? process.getuid?.() ?? -1 };
    const real = mode.do !== "prompt" && brain.spec.provider !== "scripted";
    const selfTest = real && !(await wasGreen(machine));
    if (selfTest)
      err.line("the brain is not scripted: containment self-test first; it takes a minute or two");
    const plan = {
      ...{
        mode,
        order,
        selfTest,
        specimenDir: request.specimenDir,
        folder: place.folder,
        tools: manifestPath,
      },
      held: outside === null ? null : { socketPath: outside.socketPath, token: outside.token },
    };
    const planPath = await place.put("plan.json", JSON.stringify(plan));
    const record = new HandRecord(outside?.label ?? "");
    if (!interrupt.signal.aborted) {
      cell = startChild(place.cellProgram(planPath), (event) => {
        record.take(event);
        if (event.event === "step") err.line(err.paint.dim(terminalLine(event.text, 500)));
        if (event.event === "ready") request.onReady(record.brain);
        if (event.event === "self-test") {
          err.line(selfTestSummary({ node: HERE, report: event.report, why: "" }, err.paint));
          if (event.report.green) void rememberSelfTest(machine, event.report);
        }
      });
      await joined(cell, request);
    }
    const used = (await outside?.close()) ?? record.used;
    const left = record.namespaces === null ? [] : await leftOf(record.namespaces);
    return record.outcome({ used, left, interrupted: interrupt.signal.aborted });
  } finally {
    cell?.kill();
    await outside?.close();
    await place.remove();
  }
}

/** Until the cell's program is over. */
async function joined(cell: ChildProgram, { input, onOutput, onErrors }: ByHandRequest): Promise<void> {
  cell.stdout.on("data", onOutput);
  cell.stderr.on("data", onErrors);
  if (input === null) cell.stdin.end();
  else input.pipe(cell.stdin);
  await cell.ended;
  input?.unpipe(cell.stdin);
  input?.pause();
}
