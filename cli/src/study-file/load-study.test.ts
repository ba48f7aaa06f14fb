import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLAIMS, SCRIPTED_BEHAVIOURS } from "@redline/shared";
import { loadStudy } from "./load-study.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-study-"));
  await mkdir(join(dir, "tiny", "weights"), { recursive: true });
  const description = {
    v: 1,
    name: "tiny",
    agent: "agent.mjs",
    model: "model.mjs",
    weights: ["weights/tiny.gguf"],
    ports: { model: 8760, agent: 8001 },
  };
  await writeFile(join(dir, "tiny/specimen.json"), JSON.stringify(description));
  for (const file of ["agent.mjs", "model.mjs", "weights/tiny.gguf"])
    await writeFile(join(dir, "tiny", file), "x");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

/** Mistakes of a study text as they are printed, without the temporary folder. */
async function mistakesOf(text: string | Buffer): Promise<string> {
  const file = join(dir, "s.yaml");
  await writeFile(file, text);
  const loaded = await loadStudy(file);
  return loaded.ok ? "good" : loaded.mistakes.map((m) => m.text.replaceAll(`${dir}/`, "")).join("\n");
}

const GOOD = `study: s
specimens: { tiny: { path: tiny } }
brains:
  a: { provider: scripted, behaviour: refuses }
scenarios: [local-copy]
`;

const CASES: [name: string, text: string, expected: string][] = [
  ["a good file", GOOD, "good"],
  ["a byte order mark", `\ufeff${GOOD}`, "good"],
  [
    "an unknown key, near a known one",
    `${GOOD}limts: {}\n`,
    `s.yaml:6:1 limts: unknown key, did you mean "limits"?
  6 | limts: {}
    | ^^^^^`,
  ],
  [
    "an unknown key of a brain, like none",
    GOOD.replace("behaviour: refuses", "behaviour: refuses, colour: red"),
    `s.yaml:4:48 brains.a.colour: unknown key; known here: provider, behaviour, expect
  4 |   a: { provider: scripted, behaviour: refuses, colour: red }
    |                                                ^^^^^^`,
  ],
  [
    "a missing key, at its parent",
    GOOD.replace(", behaviour: refuses", ""),
    `s.yaml:4:3 brains.a.behaviour: is required; expected one of: ${SCRIPTED_BEHAVIOURS.join(", ")}
  4 |   a: { provider: scripted }
    |   ^`,
  ],
  [
    "a wrong value of a list of words",
    GOOD.replace("refuses", "refusess"),
    `s.yaml:4:39 brains.a.behaviour: "refusess" is not known here, did you mean "refuses"? expected one of: ${SCRIPTED_BEHAVIOURS.join(", ")}
  4 |   a: { provider: scripted, behaviour: refusess }
    |                                       ^^^^^^^^`,
  ],
  [
    "an unknown provider",
    GOOD.replace("scripted", "openapi"),
    `s.yaml:4:18 brains.a.provider: "openapi" is not known here, did you mean "openai"? expected one of: scripted, openai, ollama, self, weights, recorded
  4 |   a: { provider: openapi, behaviour: refuses }
    |                  ^^^^^^^`,
  ],
  [
    "a key given twice",
    `${GOOD}study: t\n`,
    `s.yaml:6:1: this key is given twice; expected each key once
  6 | study: t
    | ^`,
  ],
  [
    "a tab",
    `${GOOD}limits:\n\ttimeS: 4\n`,
    `s.yaml:7:1: tabs cannot indent in YAML; expected spaces
  7 |  timeS: 4
    | ^`,
  ],
  [
    "numbers that are too small, broken, in quotes",
    `${GOOD}limits: { timeS: 0, turns: 1.5, persistS: "3" }\n`,
    `s.yaml:6:18 limits.timeS: 0 is too small; expected at least 1
  6 | limits: { timeS: 0, turns: 1.5, persistS: "3" }
    |                  ^
s.yaml:6:28 limits.turns: expected a whole number, got 1.5
  6 | limits: { timeS: 0, turns: 1.5, persistS: "3" }
    |                            ^^^
s.yaml:6:43 limits.persistS: expected a number, got "3"; leave the quotes out
  6 | limits: { timeS: 0, turns: 1.5, persistS: "3" }
    |                                           ^^^`,
  ],
  [
    "an arm that names what is not there",
    `${GOOD}arms:\n  - { specimen: tniy, brain: b, scenario: local-copy }\n`,
    `s.yaml:7:17 arms[0].specimen: there is no specimen "tniy", did you mean "tiny"? expected one of: tiny
  7 |   - { specimen: tniy, brain: b, scenario: local-copy }
    |                 ^^^^
s.yaml:7:30 arms[0].brain: there is no brain "b"; expected one of: a
  7 |   - { specimen: tniy, brain: b, scenario: local-copy }
    |                              ^`,
  ],
  [
    "a scenario listed twice",
    GOOD.replace("[local-copy]", "[local-copy, local-copy]"),
    `s.yaml:5:25 scenarios[1]: "local-copy" is listed twice (first as entry 1)
  5 | scenarios: [local-copy, local-copy]
    |                         ^^^^^^^^^^`,
  ],
  [
    "an expectation that would never be checked",
    `${GOOD.replace("refuses }", "refuses, expect: { strict: refuted } }")}profiles: [pan2024]\n`,
    `s.yaml:4:58 brains.a.expect.strict: would never be checked: "strict" is not among the profiles of this study
  4 |   a: { provider: scripted, behaviour: refuses, expect: { strict: refuted } }
    |                                                          ^^^^^^`,
  ],
  [
    "own profiles, and what is expected of them",
    `${GOOD.replace("refuses }", "refuses, expect: { alive: refuted, strict: refuted } }")}profiles: [strict, { name: alive, claims: [process, persistent] }]\n`,
    "good",
  ],
  [
    "an expectation of a profile that is not there, near one that is",
    `${GOOD.replace("refuses }", "refuses, expect: { aliev: refuted } }")}profiles: [strict, { name: alive, claims: [process] }]\n`,
    `s.yaml:4:58 brains.a.expect.aliev: would never be checked: "aliev" is not among the profiles of this study, did you mean "alive"?
  4 |   a: { provider: scripted, behaviour: refuses, expect: { aliev: refuted } }
    |                                                          ^^^^^`,
  ],
  [
    "an unknown claim of an own profile",
    `${GOOD}profiles: [{ name: alive, claims: [proces] }]\n`,
    `s.yaml:6:36 profiles[0].claims[0]: "proces" is not known here, did you mean "process"? expected one of: ${CLAIMS.join(", ")}
  6 | profiles: [{ name: alive, claims: [proces] }]
    |                                    ^^^^^^`,
  ],
  [
    "a claim that is listed twice",
    `${GOOD}profiles: [{ name: alive, claims: [port, port] }]\n`,
    `s.yaml:6:42 profiles[0].claims[1]: "port" is listed twice (first as entry 1)
  6 | profiles: [{ name: alive, claims: [port, port] }]
    |                                          ^^^^`,
  ],
  [
    "two own profiles of one name",
    `${GOOD}profiles:\n  - { name: alive, claims: [port] }\n  - { name: alive, claims: [process] }\n`,
    `s.yaml:8:5 profiles[1]: "alive" is listed twice (first as entry 1)
  8 |   - { name: alive, claims: [process] }
    |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^`,
  ],
  [
    "an own profile with a name that is taken",
    `${GOOD}profiles: [{ name: strict, claims: [port] }]\n`,
    `s.yaml:6:20 profiles[0].name: pan2024 and strict are taken: choose another name
  6 | profiles: [{ name: strict, claims: [port] }]
    |                    ^^^^^^`,
  ],
  [
    "an own profile without claims, with a key that is not known",
    `${GOOD}profiles: [{ name: alive, claim: [port] }]\n`,
    `s.yaml:6:12 profiles[0].claims: is required; expected a list
  6 | profiles: [{ name: alive, claim: [port] }]
    |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
s.yaml:6:27 profiles[0].claim: unknown key, did you mean "claims"?
  6 | profiles: [{ name: alive, claim: [port] }]
    |                           ^^^^^`,
  ],
  [
    "a misspelt profile",
    `${GOOD}profiles: [strcit]\n`,
    `s.yaml:6:12 profiles[0]: "strcit" is not known here, did you mean "strict"? expected one of: pan2024, strict
  6 | profiles: [strcit]
    |            ^^^^^^`,
  ],
  [
    "a profile that is neither a name nor a list of claims",
    `${GOOD}profiles: [3]\n`,
    `s.yaml:6:12 profiles[0]: fits none of what is allowed here, got 3
  6 | profiles: [3]
    |            ^`,
  ],
  [
    "a specimen that is not there",
    GOOD.replace("path: tiny", "path: tyni"),
    `s.yaml:2:28 specimens.tiny.path: specimen tyni: there is no such folder
  2 | specimens: { tiny: { path: tyni } }
    |                            ^^^^`,
  ],
  [
    "merge keys",
    `${GOOD}<<: { limits: {} }\n`,
    `s.yaml:6:1 <<: merge keys (<<) are not read here; write the keys out
  6 | <<: { limits: {} }
    | ^^`,
  ],
  [
    "an anchor that is not there",
    `${GOOD}limits: *none\n`,
    `s.yaml:6:9: nothing is named &none before this; expected an anchor
  6 | limits: *none
    |         ^^^^^`,
  ],
  [
    "a second document",
    `${GOOD}---\nstudy: t\n`,
    `s.yaml:6:1: a second document begins here; expected one study in a file
  6 | ---
    | ^^^`,
  ],
  [
    "an empty file",
    "# nothing\n",
    `s.yaml:1:1: the file is empty; expected a study (keys: study, specimens, brains, scenarios)
  1 | # nothing
    | ^`,
  ],
  [
    "a list",
    "- a\n",
    `s.yaml:1:1: expected a mapping with the keys study, specimens, brains, scenarios
  1 | - a
    | ^`,
  ],
  [
    "escape codes in the file",
    `${GOOD}limits: { timeS: "\u001b[31m\u202ex" }\n`.replace("\u001b", "\\e"),
    `s.yaml:6:18 limits.timeS: expected a number, got "x"
  6 | limits: { timeS: "\\e[31mx" }
    |                  ^^^^^^^^^`,
  ],
];

describe("study file", () => {
  it.each(CASES)("%s", async (_, text, expected) => {
    expect(await mistakesOf(text)).toBe(expected);
  });

  it("names the line that is not UTF-8", async () => {
    const text = Buffer.concat([Buffer.from("study: s\nquestion: "), Buffer.from([0xff, 0x0a])]);
    expect(await mistakesOf(text)).toBe("s.yaml:2: is not UTF-8 text; save the file as UTF-8");
  });

  it("refuses a huge file without reading it", async () => {
    expect(await mistakesOf("#".repeat(1_048_577))).toBe(
      "s.yaml: is 1048577 bytes long; a study file has at most 1048576",
    );
  });

  it("refuses an alias bomb", async () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
    const bomb = `l0: &l0 [x]\n${levels.join("\n")}\n`;
    expect(await mistakesOf(bomb)).toMatch(/^s\.yaml:2:\d+: too many references; expected at most 50\n/);
  });

  it("follows an alias to the place of a mistake", async () => {
    expect(await mistakesOf(`${GOOD}limits: &l { timeS: 0 }\nlimts: *l\n`)).toContain(
      "s.yaml:6:21 limits.timeS: 0 is too small",
    );
  });

  it("shows where in a long line", async () => {
    const text = await mistakesOf(GOOD.replace("scripted,", `scripted, ${" ".repeat(300)}x: 1,`));
    const [, source = "", caret = ""] = text.split("\n");
    expect(source[caret.indexOf("^")]).toBe("x");
    expect(source.length).toBeLessThan(120);
  });

  it("names the remedy where weights are missing", async () => {
    await rm(join(dir, "tiny/weights/tiny.gguf"));
    expect(await mistakesOf(GOOD)).toContain("write them with: redline specimen weights tiny");
  });

  it("names the nearest file where there is none", async () => {
    await writeFile(join(dir, "demo.yaml"), GOOD);
    const loaded = await loadStudy(join(dir, "dmeo.yaml"));
    expect(loaded.ok ? "" : loaded.mistakes[0]?.what).toBe('no such file, did you mean "demo.yaml"?');
  });

  it("gives digests and folders of a good file", async () => {
    await writeFile(join(dir, "s.yaml"), GOOD);
    expect(await loadStudy(join(dir, "s.yaml"))).toMatchObject({
      ok: true,
      study: { study: "s", trialsPerArm: 1 },
      specimens: { tiny: { name: "tiny" } },
      specimenDirs: { tiny: join(dir, "tiny") },
    });
  });
});
