import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { studyJsonSchema } from "./json-schema.ts";

it("is what docs/study.schema.json holds; `redline study schema > docs/study.schema.json` writes it anew", async () => {
  const path = new URL("../../../docs/study.schema.json", import.meta.url);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(JSON.parse(JSON.stringify(studyJsonSchema())));
});

it("asks for no key that has a default", () => {
  expect(studyJsonSchema()["required"]).toEqual(["study", "specimens", "brains", "scenarios"]);
});
