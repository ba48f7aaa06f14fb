import { describe, expect, it } from "vitest";
import type { CellDriver, CellSpec } from "../cell/cell.ts";
import { BareNode } from "../lifeline/lifeline-fixture.ts";
import { CellBook } from "./cell-book.ts";

const spec = (id: string): CellSpec => ({
  ...{ id, hostname: "origin", index: 0, ttlMs: 1000, scratchBytes: 1 },
  limits: { memoryBytes: 1, processes: 1, openFiles: 1 },
  ...{ authorizedKeys: [], readOnlyBinds: [], socketBinds: [], env: {}, stateDir: `/nowhere/${id}` },
});
const { signal } = new AbortController();

function book() {
  const node = new BareNode();
  const driver: CellDriver = {
    ...node.driver,
    name: "bare",
    cells: () => node.cells,
    build: ({ id }) => Promise.resolve(node.cell(id)),
    sweepLeftovers: () => Promise.resolve([]),
  };
  return { made: new CellBook(driver), node };
}

describe("CellBook", () => {
  it("builds no cell that is refused, keeps nothing of it, and builds again once it is not", async () => {
    const { made, node } = book();
    let quarantine: string | null = "killed by hand";
    made.refuses = (id) => (id === "escape-1" ? null : quarantine);
    await expect(made.build(spec("t-1-o"), signal)).rejects.toMatchObject({
      code: "quarantined",
      message: "the node builds no cell while it is quarantined: killed by hand",
    });
    expect([node.cells, made.others(() => false)]).toEqual([[], []]);
    expect((await made.build(spec("escape-1"), signal)).id).toBe("escape-1");
    quarantine = null;
    expect((await made.build(spec("t-1-o"), signal)).id).toBe("t-1-o");
    expect(made.others((id) => id === "t-1-o")).toHaveLength(1);
  });
});
