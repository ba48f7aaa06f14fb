import { expect, it } from "vitest";
import { DRILL_NAMES, drillArgs } from "./drill-names.ts";

it("does every drill a hundred times unless told otherwise", () => {
  expect(drillArgs([])).toEqual({ ok: true, names: DRILL_NAMES, repeats: 100 });
  expect(drillArgs(["--only", "nats-killed,daemon-killed", "--repeats", "5"])).toEqual({
    ok: true,
    names: ["daemon-killed", "nats-killed"],
    repeats: 5,
  });
});

it("names what there is when it is asked for something else", () => {
  const why = (args: string[]) => {
    const read = drillArgs(args);
    return read.ok ? "" : read.why;
  };
  expect(why(["--only", "fire"])).toMatch(/^there is no drill fire; drills are: daemon-killed, /);
  expect(why(["--repeats", "0"])).toMatch(/^usage: /);
  expect(why(["fast"])).toMatch(/^usage: /);
});
