import { expect, it } from "vitest";
import { DRILL_NAMES } from "./drill-names.ts";
import type { Repeat } from "./drill-report.ts";
import { runDrills } from "./run-drills.ts";

const REPEATS = 1;

it("leaves no process in any cell, after each blow, and the lab comes back", async () => {
  const done: Repeat[] = [];
  for await (const repeat of runDrills(DRILL_NAMES, REPEATS)) done.push(repeat);
  expect(done.filter(({ ms, limitMs }) => ms >= limitMs)).toEqual([]);
  for (const name of DRILL_NAMES)
    expect([name, done.filter(({ drill }) => drill === name).length]).toEqual([name, REPEATS]);
}, 600_000);
