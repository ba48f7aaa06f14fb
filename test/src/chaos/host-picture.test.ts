import { expect, it } from "vitest";
import { hostPicture, more } from "./host-picture.ts";

it("counts what is there more often than before", () => {
  expect(more(["a", "b"], ["a", "b"])).toEqual([]);
  expect(more(["a", "b"], ["b", "a", "a", "c"])).toEqual(["a", "c"]);
  expect(more(["a", "b"], ["a"])).toEqual([]);
});

it("sees processes, mounts, links and listeners of where an init is", () => {
  const rows = [
    { pid: process.pid + 1, ppid: process.pid, argv: ["left", "over"], environ: "", depth: 2, pidns: "" },
  ];
  const picture = hostPicture(process.pid, "/nonexistent", rows);
  expect(picture).toContain("in a cell: left over");
  expect(picture.some((line) => line.startsWith("mount /"))).toBe(true);
  expect(picture).toContain("link lo");
});
