import { expect, it } from "vitest";
import { safeJson } from "./safe-json.ts";

it("keeps data whole and a terminal safe", () => {
  const text = "\u001b[31m\u009b2J\u202e\u2066\u200b\u007f\u{e0041} ü \ud800 \u{1f600}";
  const json = safeJson({ text });
  expect(JSON.parse(json)).toEqual({ text });
  expect(json).toBe(
    '{"text":"\\u001b[31m\\u009b2J\\u202e\\u2066\\u200b\\u007f\\udb40\\udc41 ü \\ud800 \u{1f600}"}',
  );
});
