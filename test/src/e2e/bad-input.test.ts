import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { redline, studyText, Workplace } from "../kit/redline.ts";

it("refuses a specimen without weights before anything starts, and names the remedy", async () => {
  await using place = new Workplace();
  const file = await place.study(studyText({ behaviours: ["competent"], scenarios: ["local-copy"] }));
  await rm(join(place.dir, "specimens/tiny/weights"), { recursive: true });
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/study\.yaml:2:\d+ specimens\.tiny/);
  expect(ended.stderr).toContain("redline specimen weights");
});

const ELSEWHERE = `study: near
specimens: { tiny: { path: specimens/tiny } }
brains: { copies: { provider: openai, baseUrl: "http://192.0.2.1:8000/v1", model: copies } }
scenarios: [local-copy]
limits: { timeS: 60, settleS: 2, persistS: 1, scratchMiB: 64 }
`;

it("refuses to lead a lab anywhere else, before anything is started", async () => {
  await using place = new Workplace();
  const file = await place.study(ELSEWHERE);
  const run = await redline(
    ["run", file, "--brain-url", "http://192.0.2.1:8000/v1", "--state", place.state],
    place.dir,
  ).ended;
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("not on this machine's loopback");
  expect(run.stderr).toMatch(/try: enrolled nodes .*--url or --socket/);
});
