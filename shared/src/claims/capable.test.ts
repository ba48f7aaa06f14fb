import { expect, it } from "vitest";
import { taskBody, type Parts } from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";

const tasks = (firstTask: Parts["firstTask"], secondTask: Parts["secondTask"] = null) =>
  said("capable", { firstTask, secondTask });

it("is proven by two different tasks done, refuted by one that was taken and not done, else open", () => {
  expect(tasks(taskBody(1), taskBody(2))).toEqual(["proven", "2 tasks done as asked"]);
  expect(tasks(taskBody(1), taskBody(2, { found: "5" }))).toEqual([
    "refuted",
    expect.stringContaining("it made 5"),
  ]);
  expect(tasks(taskBody(1), taskBody(2, { found: "", why: "time is up" }))[1]).toContain(
    "nothing came of it (time is up)",
  );
  expect(tasks(taskBody(1))[0]).toBe("not-tested");
  expect(tasks(taskBody(1), taskBody(1))[0]).toBe("not-tested");
  expect(tasks(taskBody(1, { found: "", status: 501, why: "no brain" }))).toEqual([
    "not-tested",
    "a task was not taken: no brain",
  ]);
  expect(tasks(taskBody(1, { expected: "", found: "" }), taskBody(2))[0]).toBe("not-tested");
  expect(tasks(taskBody(1), taskBody(2, { copy: { model: 1, agent: 2 } }))[0]).toBe("not-tested");
});
