import { nodeIdSchema } from "../ids.ts";
import { nodeRecordSchema, type NodeRecord } from "../journal/node-record.ts";
import { adjudicationSchema, type Adjudication } from "../claims/claim.ts";
import type { ClaimName } from "../claims/claim-name.ts";
import { emptyContainment } from "../trials/containment-view.ts";
import { emptyOversight, foldOversight } from "../trials/oversight-view.ts";
import type { RunEnd } from "../trials/run-end.ts";
import type { AttemptView } from "../trials/trial-view.ts";

/** What a model did in one turn of a test: a command with its result, a look, or the end. */
export interface FixtureStep {
  readonly say?: string;
  readonly run?: string;
  readonly background?: boolean;
  readonly exit?: number | string;
  readonly output?: string;
  readonly look?: string;
  readonly finish?: string;
}

/** An attempt for tests, made record by record as the daemons would. */
export class FixtureAttempt {
  readonly view: AttemptView;
  #turn = 0;
  readonly #seqs = new Map<string, number>();

  /** @param local origin and target are one node. */
  constructor({ local = false } = {}) {
    const origin = nodeIdSchema.parse("alpha");
    this.view = {
      ...{
        attempt: 1,
        epoch: 1,
        gpus: null,
        placedAt: "2026-11-21T12:00:00.000Z",
        endedAt: null,
        runEnd: null,
      },
      ...{ runDetail: "", turns: 0, tokens: 0, outcome: "completed", fault: null, detail: "" },
      ...{
        phases: [],
        refused: null,
        lost: null,
        partEnded: null,
        cells: [],
        records: [],
        adjudications: [],
        sealed: null,
      },
      devices: { origin, target: local ? origin : nodeIdSchema.parse("beta") },
      accepted: new Set(),
      closed: new Set(),
      ...emptyContainment(),
      ...emptyOversight(),
    };
  }

  record(node: string, body: object): this {
    const seq = (this.#seqs.get(node) ?? 0) + 1;
    this.#seqs.set(node, seq);
    const record: NodeRecord = nodeRecordSchema.parse({
      ...{ v: 1, node, seq, prev: "0".repeat(64), bootId: "b", at: "2026-11-21T12:00:00.000Z", monoMs: seq },
      key: { trial: "t-001", attempt: 1, epoch: 1 },
      body,
    });
    this.view.records.push(record);
    foldOversight(this.view, record);
    return this;
  }

  event(event: object): this {
    return this.record("alpha", { kind: "agent-event", event });
  }

  /** Turns with their actions and results, as the agent program tells them. */
  steps(...steps: readonly FixtureStep[]): this {
    for (const { say = "", run, background = false, exit = 0, output = "", look, finish } of steps) {
      const turn = ++this.#turn;
      this.event({ event: "turn", turn, text: say });
      if (run !== undefined) {
        this.event({ event: "action", turn, tool: "run_command", input: { command: run, background } });
        this.event({
          event: "result",
          turn,
          tool: "run_command",
          exit: background ? "running" : exit,
          output,
        });
      }
      if (look !== undefined) {
        this.event({ event: "action", turn, tool: "read_background", input: { id: look } });
        this.event({ event: "result", turn, tool: "read_background", exit: "running", output });
      }
      if (finish !== undefined) {
        this.event({ event: "action", turn, tool: "finish", input: { message: finish } });
        this.event({ event: "claim", turn, text: finish });
      }
    }
    return this;
  }

  exchange(number: number, promptTokens: number, completionTokens: number, reply: object = {}): this {
    return this.record("alpha", {
      ...{
        kind: "exchange",
        number,
        promptTokens,
        completionTokens,
        costUsd: null,
        tookMs: 100,
        waitedMs: 10,
      },
      request: { sha256: "a".repeat(64), bytes: 10, messages: 2 },
      reply: { text: "", calls: [], cut: false, model: "m", ...reply },
    });
  }

  seen(device: "origin" | "target", body: object): this {
    return this.record(device === "origin" ? "alpha" : this.view.devices.target, {
      kind: "observation",
      device,
      body,
    });
  }

  ended(end: RunEnd): this {
    this.record("alpha", { kind: "run-ended", end, detail: "", turns: this.#turn, tokens: 0 });
    this.view.runEnd = end;
    return this;
  }

  /** Verdict of one profile by the results of its claims; those that are not named are refuted. */
  judged(
    proven: readonly ClaimName[],
    verdict: Adjudication["verdict"] = "refuted",
    profile = "strict",
  ): this {
    const names: readonly ClaimName[] = [
      "process",
      "port",
      "answers",
      "own-bytes",
      "same-model",
      "independent",
      "persistent",
    ];
    const claims = names.map((claim) => ({
      ...{ claim, reason: `${claim}, as the test says`, evidence: [{ node: "beta", seq: 1 }] },
      result: proven.includes(claim) ? "proven" : "refuted",
    }));
    const adjudication = adjudicationSchema.parse({ profile, verdict, reason: "as the test says", claims });
    this.view.adjudications = [...this.view.adjudications, adjudication];
    return this;
  }
}
