import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { isFinal, type Fault, type NodeId, type NodeRecordBody, type TrialState } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { proofOf } from "./projection-fixture.ts";
import { MOST_ATTEMPTS, StatesBench, TRIALS, type Written } from "./trial-states-bench.ts";
import { ModelTrial } from "./trial-states-model.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-states-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

/** What was written by each node and has not taken effect yet: in its order, whatever the order of arrival. */
interface Pending extends Written {
  readonly trial: number;
  readonly attempt: number;
  readonly body: NodeRecordBody;
}
class Model {
  readonly trials = Array.from({ length: TRIALS }, () => new ModelTrial(MOST_ATTEMPTS));
  readonly written: Pending[] = [];
  /** Written and not sent yet. */
  held: Pending[] = [];
  readonly taken = new Map<NodeId, number>();

  /** Records take effect as far as each node's chain is whole. */
  take(bench: StatesBench): void {
    for (const record of this.written) {
      const before = this.taken.get(record.node) ?? 0;
      if (record.seq !== before + 1 || record.seq > bench.taken(record.node)) continue;
      this.taken.set(record.node, record.seq);
      this.trials[record.trial]?.take(record.attempt, record.body);
    }
  }
}

type Step = fc.AsyncCommand<Model, StatesBench>;
const step = (
  name: string,
  run: (model: Model, bench: StatesBench) => Promise<readonly [boolean, boolean]>,
) => ({
  check: () => true,
  toString: () => name,
  async run(model: Model, bench: StatesBench) {
    const [late, renewed] = await run(model, bench);
    model.take(bench);
    for (const trial of model.trials) trial.settle(false, false);
    if (late) for (const trial of model.trials) trial.settle(true, renewed);
    for (const trial of model.trials) trial.settle(false, false);
    await bench.settle(late, renewed);
    expect(bench.problems).toEqual([]);
    model.trials.forEach((expected, index) => {
      const { state, attempts } = bench.trial(index);
      // How long a trial that failed for good is still listened to hangs on its nodes having left: it stays invalid, and what an unclean
      // attempt of it is called may be the first fault or the dirt.
      const named = (fault: Fault | null, number: number) =>
        state === "invalid" && expected.attempts[number]?.dirty === true ? "unclean" : fault;
      expect([name, index, state, attempts.map(({ fault }, i) => named(fault, i))]).toEqual([
        name,
        index,
        expected.state,
        expected.attempts.map(({ fault }, i) => named(fault, i)),
      ]);
    });
  },
});

type Shape = readonly [device: "origin" | "target", body: NodeRecordBody];
const gone = (device: "origin" | "target", clean: boolean): Shape[] => [
  [device, { kind: "cell-gone", device, cell: "c", proof: proofOf(clean) }],
  [device, { kind: "device-closed", device }],
];
const ended = (outcome: "completed" | "infra" | "cancelled", fault?: Fault): Shape => [
  "origin",
  { kind: "attempt-ended", outcome, detail: "", ...(fault === undefined ? {} : { fault }) },
];
const accepted = (device: "origin" | "target"): Shape => [device, { kind: "accepted", device, command: "c" }];

/** Drawn more often than the rest: without it a walk rarely comes to a verdict. */
const WHOLE = "runs to its end";

/** What a node may say of an attempt, in pieces that come often enough together to reach every state. */
const SAID: Readonly<Record<string, readonly Shape[]>> = {
  "origin accepts": [accepted("origin")],
  "both accept": [accepted("origin"), accepted("target")],
  "origin refuses": [["origin", { kind: "refused", why: "no", fault: "node-refused" }]],
  "origin has no specimen": [["origin", { kind: "refused", why: "no", fault: "specimen-missing" }]],
  "target refuses": [["target", { kind: "refused", why: "no", fault: "version-skew" }]],
  "target restarts": [["target", { kind: "lost", device: "target", detail: "d" }]],
  "target ends its part": [
    ["target", { kind: "part-ended", device: "target", fault: "cell-died", detail: "d" }],
    ...gone("target", true),
  ],
  "ends well": [ended("completed")],
  "ends in a fault": [ended("infra", "ssh-failed")],
  "ends without a key": [ended("infra", "key-missing")],
  "is cancelled by its node": [ended("cancelled")],
  "origin closes": gone("origin", true),
  "target closes": gone("target", true),
  "target closes, not clean": gone("target", false),
  "target closes without a proof": [["target", { kind: "device-closed", device: "target" }]],
  [WHOLE]: [
    ...[accepted("origin"), accepted("target"), ended("completed")],
    ...gone("target", true),
    ...gone("origin", true),
  ],
};

/** One node says something of an attempt, the newest or an old one; now, twice, or held back until later. */
const saying = fc
  .record({
    trial: fc.nat({ max: TRIALS - 1 }),
    back: fc.constantFrom(0, 0, 0, 0, 1, 2),
    what: fc.constantFrom(...Object.keys(SAID), WHOLE, WHOLE, WHOLE, WHOLE),
    how: fc.constantFrom("now", "now", "now", "twice", "held", "backwards"),
  })
  .map(({ trial, back, what, how }): Step =>
    step(`${what} (trial ${trial}, ${back} back, ${how})`, async (model, bench) => {
      const attempt = bench.trial(trial).attempts.at(-1 - back);
      if (attempt === undefined) return [false, false];
      const written = (SAID[what] ?? []).map(([device, body]): Pending => ({
        ...bench.write(trial, attempt, device, body),
        ...{ trial, attempt: attempt.attempt, body },
      }));
      model.written.push(...written);
      if (how === "held") model.held.push(...written);
      else if (how === "backwards") await bench.send(written.toReversed());
      else await bench.send(how === "twice" ? [...written, ...written] : written);
      return [false, false];
    }),
  );

const others = fc.oneof(
  fc.constant(
    step("what was held arrives", async (model, bench) => {
      const held = model.held.splice(0);
      await bench.send(held.toReversed());
      return [false, false];
    }),
  ),
  fc.nat({ max: TRIALS - 1 }).map((trial) =>
    step(`trial ${trial} is cancelled`, async (model, bench) => {
      await bench.cancel(trial);
      model.trials[trial]?.cancel();
      return [false, false];
    }),
  ),
  fc.constant(
    step("the coordinator restarts", async (_model, bench) => {
      await bench.restart();
      return [false, false];
    }),
  ),
  fc
    .boolean()
    .map((renewed) =>
      step(`time goes by, leases ${renewed ? "are" : "are not"} renewed`, () =>
        Promise.resolve([true, renewed] as const),
      ),
    ),
);

it("takes trials along the edges of the table, to the state that the protocol's page foretells", async () => {
  const seen = new Set<TrialState>();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands([saying, saying, saying, others], { maxCommands: 25 }), async (steps) => {
      const bench = new StatesBench(join(dir, `${(run += 1)}.jsonl`));
      await bench.open();
      try {
        await fc.asyncModelRun(() => ({ model: new Model(), real: bench }), steps);
        for (let index = 0; index < TRIALS; index++) seen.add(bench.trial(index).state);
      } finally {
        await bench.close();
      }
    }),
    { numRuns: 60 },
  );
  // A walk that never gets anywhere proves nothing.
  for (const state of ["done", "invalid", "cancelled"] as const)
    expect([state, seen.has(state)]).toEqual([state, true]);
  expect([...seen].some((state) => !isFinal(state))).toBe(true);
}, 120_000);
