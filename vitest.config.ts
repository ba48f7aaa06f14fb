import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SECOND_TRIES, SecondTries } from "./test/src/kit/second-tries.ts";

/** Files that take minutes, the longest first: one that began last would keep the other workers waiting. */
const LONG = [
  ...["controls", "kills", "every-brain", "scenarios", "kills-in-trial", "oversight-and-limits"],
  ...["hostile", "side-by-side", "bad-answers", "study", "agent-by-hand"],
  ...["cell", "driver-conformance", "hostile-copies-turncoats", "scenario-cells", "coordinator-standby"],
  ...["nats-cluster", "isolate", "sterility", "decoys", "lifeline", "hostile-copies-processes"],
  ...["hostile-copies-listeners", "coordinator-faults", "bundle", "identity", "model-servers"],
];
const place = ({ moduleId }: TestSpecification) => {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return at === -1 ? LONG.length : at;
};
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

// Packages resolve to their sources, so that a stale build can never pass a test. Tests of the
// built daemons start `dist` themselves; `npm test` builds first.
const resolve = { conditions: ["redline-source"] };
const ssr = { resolve: { conditions: ["redline-source"] } };

// Where nobody watches, a test with real processes that loses a race is tried once more, and `.ci/run` names it.
const secondTries = process.env[SECOND_TRIES];
const retry = secondTries === undefined ? 0 : 1;

// One project after the other. vitest by itself would take one worker on two cores; how many each can bear is said with it.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    ...(secondTries === undefined ? {} : { reporters: ["default", new SecondTries(secondTries)] }),
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          // Nothing here waits for long; a disk that others use can be slow.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
          include: [
            "{shared,daemon,coordinator,node-agent,cli}/src/**/*.test.ts",
            "test/src/*.test.ts",
            "test/src/{bench,kit}/*.test.ts",
            "test/src/{drills,chaos}/**/*.test.ts",
          ],
          // The short forms of the drills and of the chaos suite kill real daemons, and have a project of their own.
          exclude: ["**/node_modules/**", "test/src/{drills,chaos}/short-*.test.ts"],
          // These compute: a worker a core. Modules are loaded once a worker, which halves the work; these tests keep nothing in them.
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "integration",
          retry,
          sequence: { groupOrder: 1 },
          include: ["test/src/integration/**/*.test.ts"],
          // Far above what any of them takes: a machine that is slow or stands still is no failure.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Real processes, which mostly wait for each other. More would make honest answers late on two cores.
          maxWorkers: 3,
          // Of tests that say that they can run side by side, in one file.
          maxConcurrency: 3,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "escape",
          retry,
          // Fills cells up to their limits: nothing else that could be late beside it.
          sequence: { groupOrder: 2 },
          include: ["test/escape/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          retry,
          // After the others: a whole lab wants the machine for itself.
          sequence: { groupOrder: 3 },
          include: ["test/src/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Whole labs: two at a time, two cores carry no more. A third one makes honest answers late.
          maxWorkers: 2,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "drills",
          retry,
          // Last and alone: how fast cells are empty is measured.
          sequence: { groupOrder: 4 },
          include: ["test/src/{drills,chaos}/short-*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
