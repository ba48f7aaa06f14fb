import { studySchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { noWayOut } from "./way-out.ts";

const study = (brains: object) =>
  studySchema.parse({
    study: "s",
    specimens: { tiny: { path: "tiny" } },
    brains,
    scenarios: ["local-copy"],
  });
const openai = (baseUrl: string) => ({ provider: "openai", baseUrl, model: "m" });

describe("what cannot be reached from a lab", () => {
  it("is nothing where no brain is asked over a network", () => {
    const brains = {
      a: { provider: "scripted", behaviour: "competent" },
      b: { provider: "self" },
      c: { provider: "weights" },
      d: { provider: "recorded", transcript: "t.jsonl" },
    };
    expect(noWayOut(study(brains), [])).toBeNull();
  });

  it("names the flag for loopback, and enrolled nodes for what is elsewhere", () => {
    const text = noWayOut(
      study({
        near: openai("http://127.0.0.1:8000/v1"),
        far: openai("https://models.example/v1"),
        also: { provider: "ollama", model: "m" },
      }),
      [],
    );
    expect(text).toContain("near (openai), far (openai), also (ollama) cannot be reached from it");
    expect(text).toContain("--brain-url http://127.0.0.1:8000/v1 --brain-url http://127.0.0.1:11434");
    expect(text).toContain("enrolled nodes");
    expect(noWayOut(study({ near: openai("http://127.0.0.1:8000/v1") }), [])).not.toContain("enrolled");
    expect(noWayOut(study({ far: openai("https://models.example/v1") }), [])).not.toContain("--brain-url");
  });

  it.each([
    ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1", true],
    ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", true],
    ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/", true],
    ["http://127.0.0.1:8000/v11", "http://127.0.0.1:8000/v1", false],
    ["http://127.0.0.1:8001/v1", "http://127.0.0.1:8000/v1", false],
    // The daemon compares names, not what they stand for.
    ["http://localhost:8000/v1", "http://127.0.0.1:8000/v1", false],
  ])("%s is led to by %s: %s", (asked, base, led) => {
    expect(noWayOut(study({ b: openai(asked) }), [base]) === null).toBe(led);
  });
});
