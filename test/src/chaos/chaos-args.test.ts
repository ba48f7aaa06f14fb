import { expect, it } from "vitest";
import { chaosArgs, replayCommand } from "./chaos-args.ts";

it("reads seeds, labs and minutes; 200 seeds in one lab without", () => {
  const all = chaosArgs([]);
  expect(all).toMatchObject({ ok: true, labs: 1, minutes: null, out: null });
  expect(all.ok && [all.seeds.length, all.seeds[0], all.seeds.at(-1)]).toEqual([200, 1, 200]);
  expect(chaosArgs(["--seeds", "5-7", "--labs", "2", "--minutes", "30", "--out", "x.jsonl"])).toEqual({
    ok: true,
    seeds: [5, 6, 7],
    labs: 2,
    minutes: 30,
    out: "x.jsonl",
  });
});

it("names the usage for anything else", () => {
  for (const args of [
    ["--seeds", "7-5"],
    ["--seeds", "0-3"],
    ["--seed", "x"],
    ["--labs", "99"],
    ["--what"],
    ["--seed"],
  ])
    expect(chaosArgs(args).ok).toBe(false);
});

it("gives the one command that plays a seed again", () => {
  const [, , ...args] = replayCommand(17).split(" ");
  expect(chaosArgs(args)).toMatchObject({ ok: true, seeds: [17] });
});
