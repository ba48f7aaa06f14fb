import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes, the longest first: one that began last would keep the other workers waiting. */
const LONG = [
  ...["controls", "kills", "scenarios", "every-brain", "hostile-agents", "chain-brain", "bad-input"],
  ...["oversight-and-limits", "bad-answers", "hostile-brains", "kills-in-challenge", "study", "brain-url"],
  ...["scenario-cells", "cell", "driver-conformance", "identity", "model-servers"],
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

// One project after the other. vitest by itself would take one worker on two cores; how many each can bear is said with it.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
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
          sequence: { groupOrder: 1 },
          include: ["test/src/integration/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
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
          // Fills cells up to their limits: nothing else that could be late beside it.
          sequence: { groupOrder: 2 },
          include: ["test/escape/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          // After the others: a whole lab wants the machine for itself.
          sequence: { groupOrder: 3 },
          include: ["test/src/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Whole labs, which mostly wait: two at a time, two cores carry no more.
          maxWorkers: 2,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "drills",
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
