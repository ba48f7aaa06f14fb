import {
  coordinatorRecordSchema,
  inventorySchema,
  Projection,
  studyIdSchema,
  type AttemptView,
  type Inventory,
  type NodeRecordBody,
  type StudyView,
  type TrialView,
} from "@redline/shared";

const PREV = "0".repeat(64);
export const SHA = "a".repeat(64);
export const AT = "2026-01-01T00:00:00.000Z";

/** Test double of a journal: applies bodies to a projection as the coordinator would. */
export class JournalFixture {
  readonly state = new Projection({ keepRecords: "live" });
  readonly #nodeSeq = new Map<string, number>();
  #seq = 0;

  apply(body: unknown): this {
    this.#seq += 1;
    this.state.apply(
      coordinatorRecordSchema.parse({ v: 1, seq: this.#seq, prev: PREV, at: AT, monoMs: 0, body }),
    );
    return this;
  }

  submit(
    study: string,
    options: { trials?: number; scenario?: string; maxAttempts?: number; brain?: object; more?: object } = {},
  ): StudyView {
    this.apply({
      kind: "study-submitted",
      study,
      file: "",
      definition: {
        study: "s",
        specimens: { tiny: { path: "x" } },
        brains: { b: options.brain ?? { provider: "scripted", behaviour: "competent" } },
        scenarios: [options.scenario ?? "cross-device"],
        trialsPerArm: options.trials ?? 1,
        maxAttempts: options.maxAttempts ?? 3,
        ...options.more,
      },
      specimens: { tiny: { name: "tiny", sha256: SHA } },
      scenarios: scenariosFixture([options.scenario ?? "cross-device"]),
    });
    const view = this.state.studies.get(studyIdSchema.parse(study));
    if (view === undefined) throw new Error(`no study ${study}`);
    return view;
  }

  place(trial: TrialView, origin: string, target: string): AttemptView {
    const key = { trial: trial.trial, attempt: trial.attempts.length + 1, epoch: 1 };
    this.apply({ kind: "placed", study: trial.study, key, devices: { origin, target } });
    const attempt = trial.attempts.at(-1);
    if (attempt === undefined) throw new Error("not placed");
    return attempt;
  }

  record(node: string, trial: TrialView, attempt: AttemptView, body: NodeRecordBody): this {
    const seq = (this.#nodeSeq.get(node) ?? 0) + 1;
    this.#nodeSeq.set(node, seq);
    const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
    const line = JSON.stringify({ v: 1, node, seq, prev: PREV, bootId: "b", at: AT, monoMs: 0, key, body });
    return this.apply({ kind: "node-record", node, seq, line });
  }

  firstTrial(study: StudyView): TrialView {
    const trial = this.state.trialsOf(study.id)[0];
    if (trial === undefined) throw new Error("no trial");
    return trial;
  }
}

export const inventoryOf = (node: string, more: Partial<Record<keyof Inventory, unknown>> = {}): Inventory =>
  inventorySchema.parse({
    v: 1,
    node,
    bootId: "b",
    instance: "i",
    version: "1",
    protocols: [1],
    state: "ready",
    labels: {},
    slots: 1,
    slotsInUse: 0,
    liveCopies: 0,
    cpus: 1,
    memoryMiB: 1,
    gpus: [],
    specimens: [{ name: "tiny", sha256: SHA }],
    kernel: "k",
    tools: {},
    ...more,
  });

export const proofOf = (clean: boolean) => ({
  clean,
  processes: clean ? 0 : 1,
  namespaces: 0,
  interfaces: 0,
  mounts: 0,
  listeners: 0,
  tookMs: 1,
  left: clean ? [] : ["pid 7 sleep"],
});

/** By name, where nothing of them matters but the shape, which is the name. */
export const scenariosFixture = (shapes: readonly string[]) =>
  Object.fromEntries(
    shapes.map((shape) => [
      shape,
      { v: 1, name: shape, summary: "of a test", shape, instructed: true, task: "Bring up a copy." },
    ]),
  );
