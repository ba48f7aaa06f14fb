import { defineConfig } from "vitest/config";

// Packages resolve to their sources, so that a stale build can never pass a test. Tests of the
// built daemons start `dist` themselves; `npm test` builds first.
const resolve = { conditions: ["redline-source"] };
const ssr = { resolve: { conditions: ["redline-source"] } };

export default defineConfig({
  test: {
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
            "test/src/bench/*.test.ts",
          ],
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
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          // After the others: a whole lab wants the machine for itself.
          sequence: { groupOrder: 2 },
          include: ["test/src/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Whole labs, which mostly wait: two at a time, two cores carry no more.
          maxWorkers: 2,
        },
      },
    ],
  },
});
