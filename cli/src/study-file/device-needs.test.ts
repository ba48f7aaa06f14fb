import { expect, it } from "vitest";
import { studySchema } from "@redline/shared";
import { FIXTURE_STUDY } from "../testing/fixture-journal.ts";
import { deviceNeeds } from "./device-needs.ts";

it("says what each device asks of a node, and nothing where it asks for nothing", () => {
  expect(deviceNeeds(studySchema.parse(FIXTURE_STUDY))).toEqual([]);
  const devices = {
    origin: {
      labels: { zone: "a" },
      gpus: { count: 2, memoryMiB: 40_000, model: "H100" },
      memoryMiB: 64_000,
    },
    target: { gpus: { count: 1 } },
  };
  expect(deviceNeeds(studySchema.parse({ ...FIXTURE_STUDY, devices, priority: -1 }))).toEqual([
    'origin needs a node with zone=a, 2 GPUs of "H100" with 40000 MiB or more each, 64000 MiB of memory',
    "target needs a node with 1 GPU",
    "priority -1: studies of a higher one go first",
  ]);
});
