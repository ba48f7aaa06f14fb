import { SHAPES } from "@redline/shared";
import { expect, it } from "vitest";
import { CLOCK_PROGRAM, clockServer } from "./clock-server.ts";

it.each(SHAPES)("starts the clock on the copy's ports of %s, then claims a copy", (shape) => {
  const [start] = clockServer({ shape, task: "", turn: 0, results: [] }).calls;
  const ports = shape === "local-copy" ? "8761 8002" : "8760 8001";
  expect(JSON.stringify(start)).toContain(`node ~/server.mjs ${ports} `);
  expect(start?.input["command"]).toContain(CLOCK_PROGRAM);
  expect(clockServer({ shape, task: "", turn: 1, results: [] }).calls[0]?.tool).toBe("finish");
});
