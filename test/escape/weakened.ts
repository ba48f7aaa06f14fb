import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createBwrapDriver } from "../../node-agent/dist/cell/bwrap-driver.js";
import type { CellDriver, CellSpec } from "../../node-agent/dist/cell/cell.js";
import { findCellTools } from "../../node-agent/dist/cell/cell-tools.js";
import { needTool } from "../../node-agent/dist/cell/run-tool.js";

/** Ways to make cells worse than they look. Each must turn the suite red, at the cases that it opens. */
export const WEAKNESSES = ["none", "no-filter", "no-guard", "no-limits"] as const;
export type Weakness = (typeof WEAKNESSES)[number];

export function isWeakness(text: string): text is Weakness {
  return WEAKNESSES.some((one) => one === text);
}

/** @param folder for what it needs of its own; other uids must be able to pass through it */
export function weakenedDriver(weakness: Weakness, folder: string): CellDriver {
  switch (weakness) {
    case "none":
      return createBwrapDriver({ tools: (name) => name });
    case "no-filter":
      return createBwrapDriver({ tools: (name) => (name === "bwrap" ? bwrapWithoutFilter(folder) : name) });
    case "no-guard":
      return withBuild(createBwrapDriver({ tools: (name) => name }), async (driver, spec, signal) => {
        const cell = await driver.build(spec, signal);
        await dropNoMore();
        return cell;
      });
    case "no-limits":
      return withBuild(createBwrapDriver({ tools: (name) => name }), (driver, spec, signal) => {
        const limits = { memoryBytes: 8 * 1_073_741_824, processes: 4096, openFiles: 4096 };
        return driver.build({ ...spec, limits, scratchBytes: 20 * spec.scratchBytes }, signal);
      });
  }
}

/** A bubblewrap whose filter allows everything: the kernel still says "a filter is on". */
function bwrapWithoutFilter(folder: string): string {
  const filter = join(folder, "allow-all.bpf");
  const wrapper = join(folder, "bwrap");
  // One instruction: return SECCOMP_RET_ALLOW.
  writeFileSync(filter, Buffer.from("060000000000ff7f", "hex"), { mode: 0o644 });
  const { bwrap } = findCellTools();
  writeFileSync(wrapper, `#!/bin/bash\nexec 4<${filter}\nexec ${bwrap} "$@"\n`);
  chmodSync(wrapper, 0o755);
  return wrapper;
}

const chainSchema = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({ family: z.string(), table: z.string(), name: z.string(), hook: z.string().optional() })
        .optional(),
    }),
  ),
});

/** Lets everything pass, before any rule of ours is asked. The rules and their counters stay, and count nothing any more. */
async function dropNoMore(): Promise<void> {
  const { nft } = findCellTools();
  const listed = chainSchema.parse(JSON.parse(await needTool(nft, ["-j", "list", "chains"])));
  for (const { chain } of listed.nftables)
    if (chain?.hook !== undefined && chain.table.startsWith("redline"))
      await needTool(nft, ["insert", "rule", chain.family, chain.table, chain.name, "accept"]);
}

type Build = (driver: CellDriver, spec: CellSpec, signal: AbortSignal) => ReturnType<CellDriver["build"]>;

function withBuild(driver: CellDriver, build: Build): CellDriver {
  return {
    name: driver.name,
    build: (spec, signal) => build(driver, spec, signal),
    cells: () => driver.cells(),
    emptyAll: () => driver.emptyAll(),
    sweepLeftovers: () => driver.sweepLeftovers(),
  };
}
