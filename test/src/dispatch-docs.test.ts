import { readFile } from "node:fs/promises";
import { FAULT_NAMES, FAULTS, TRIAL_EDGES, TRIAL_STATES, isFinal } from "@redline/shared";
import { describe, expect, it } from "vitest";

const page = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

describe("docs/dispatch.md", () => {
  it("draws every edge of a trial's states and no other", async () => {
    const drawn = [...(await page("dispatch.md")).matchAll(/^ {4}(\w+) --> (\w+): (.+)$/gm)].map(
      ([, from, to, by]) => ({ from, to, by }),
    );
    expect(drawn).toEqual(TRIAL_EDGES);
  });

  it("has no way out of a final state, and a way into every other", () => {
    for (const { from } of TRIAL_EDGES) expect(isFinal(from)).toBe(false);
    const reached = new Set(TRIAL_EDGES.map(({ to }) => to));
    expect(TRIAL_STATES.filter((state) => !reached.has(state))).toEqual([]);
  });
});

describe("docs/faults.md", () => {
  it("tells of each infra fault what the table says", async () => {
    const rows = [
      ...(await page("faults.md")).matchAll(
        /^\| `([a-z-]+)` +\| (yes|no) +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|$/gm,
      ),
    ];
    const blamed = { said: "who said it", silent: "who is silent", lab: "the lab", none: "nobody" } as const;
    expect(
      rows.map(([, name, retry, blame, text, remedy]) => ({ name, retry, blame, text, remedy })),
    ).toEqual(
      FAULT_NAMES.map((name) => {
        const { retry, blame, text, remedy } = FAULTS[name];
        return { name, retry: retry ? "yes" : "no", blame: blamed[blame], text, remedy };
      }),
    );
  });
});
