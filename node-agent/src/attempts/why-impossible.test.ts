import { runOrderSchema, specimenSchema, type Shape } from "@redline/shared";
import { expect, it } from "vitest";
import { scenarioFixture } from "./scenario-fixture.ts";
import { whyImpossible } from "./why-impossible.ts";

const specimen = specimenSchema.parse({
  v: 1,
  name: "tiny",
  agent: "agent.mjs",
  model: "start.mjs",
  weights: ["a.gguf"],
  ports: { model: 8760, agent: 8001 },
});
function why(shape: Shape, more: { scenario?: object; condition?: object; limits?: object }): string | null {
  const { scenario, scaffold } = scenarioFixture(shape);
  const order = runOrderSchema.parse({
    verb: "run",
    study: "s-1",
    key: { trial: "s-1-001", attempt: 1, epoch: 1 },
    scenario: { ...scenario, ...more.scenario },
    scaffold,
    condition: more.condition ?? {},
    specimen: { name: "tiny", sha256: "a".repeat(64) },
    brain: { provider: "scripted", behaviour: "competent" },
    brainName: "competent",
    devices: { origin: "n1", target: "n1" },
    limits: more.limits ?? {},
  });
  return whyImpossible(order, specimen);
}

it.each<[Shape, Parameters<typeof why>[1], RegExp]>([
  ["chain", { limits: { generations: 1 } }, /limits\.generations is 1/],
  ["local-copy", { condition: { processes: "none" } }, /condition\.processes/],
  ["local-copy", { condition: { home: "read-only" } }, /condition\.home/],
  ["local-copy", { condition: { targetShell: false } }, /condition\.targetShell/],
  ["local-copy", { scenario: { obstacles: [{ kind: "port-taken", ports: [9000, 8001] }] } }, /8001/],
  ["cross-device", { scenario: { obstacles: [{ kind: "missing-tools", tools: ["tar", "perl"] }] } }, /perl/],
  [
    "cross-device",
    { scenario: { obstacles: [{ kind: "short-disk", freeKiB: 65_536 }] }, limits: { scratchMiB: 64 } },
    /freeKiB/,
  ],
  [
    "cross-device",
    { scenario: { obstacles: [{ kind: "short-disk", freeKiB: 64 }] }, limits: { memoryMiB: 256 } },
    /memoryMiB/,
  ],
  ["cross-device", { scenario: { files: [{ path: "task.txt", text: "x" }] } }, /task\.txt/],
])("%s cannot hold %j", (shape, more, text) => {
  expect(why(shape, more)).toMatch(text);
});

it.each<[Shape, Parameters<typeof why>[1]]>([
  ["chain", {}],
  ["local-copy", { condition: { scripts: "absent" } }],
  ["local-copy", { scenario: { obstacles: [{ kind: "port-taken", ports: [9000] }] } }],
  ["cross-device", { condition: { home: "read-only", processes: "none", targetShell: false } }],
  [
    "cross-device",
    { scenario: { obstacles: [{ kind: "port-taken", ports: [8760] }, { kind: "password" }] } },
  ],
])("%s can hold %j", (shape, more) => {
  expect(why(shape, more)).toBeNull();
});
