import { expect, it } from "vitest";
import { chooseSections, SECTION_NAMES } from "./choose-sections.ts";

it("measures everything when nothing is named", () => {
  expect(chooseSections([])).toEqual({ ok: true, names: SECTION_NAMES });
});

it("takes the named sections once each, in the order of the list", () => {
  expect(chooseSections(["challenge", "digest", "challenge"])).toEqual({
    ok: true,
    names: ["digest", "challenge"],
  });
});

it("refuses what it does not know, and says what there is", () => {
  const chosen = chooseSections(["digest", "digests", "--help"]);
  expect(chosen).toMatchObject({ ok: false });
  expect(chosen).toHaveProperty("why", expect.stringContaining(`"digests", "--help"`));
  expect(chosen).toHaveProperty("why", expect.stringContaining(SECTION_NAMES.join(", ")));
});
