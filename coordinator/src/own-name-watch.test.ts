import { expect, it } from "vitest";
import { OwnNameWatch } from "./own-name-watch.ts";

/** Looks each 250 ms at a key with the own name; null: it has another one. */
const looks = (revisions: readonly (number | null)[]) => {
  const watch = new OwnNameWatch();
  return revisions.map((revision, i) => watch.look(revision, i * 250));
};

it("takes a key that stands still for one that the process before left", () => {
  expect(looks([4, 4, 4, 4, 4])).toEqual(["watch", "watch", "watch", "watch", "left"]);
  // Its last write came late.
  expect(looks([4, 5, 5, 5, 5, 5])).toEqual(["watch", "watch", "watch", "watch", "watch", "left"]);
});

it("takes one that goes on moving for another coordinator of that name", () => {
  expect(looks([4, 4, 5, 5, 6])).toEqual(["watch", "watch", "watch", "watch", "in use"]);
});

it("begins anew when another one leads in between, or the bus lost its store", () => {
  expect(looks([4, 5, null, 9, 10, 1, 2])).not.toContain("in use");
});
