import { existsSync, realpathSync } from "node:fs";
import { expect, it } from "vitest";
import { maskedTools } from "./masked-tools.ts";

const missing = (...tools: string[]) => [{ kind: "missing-tools" as const, tools }];

it("covers what a name leads to on this host, once, and nothing that is not there", () => {
  const real = realpathSync("/usr/bin/tar");
  expect(maskedTools(missing("tar", "tar"), true)).toEqual([{ from: "/dev/null", to: real }]);
  expect(existsSync("/usr/bin/no-such-tool")).toBe(false);
  expect(maskedTools(missing("no-such-tool"), true)).toEqual([]);
  expect(maskedTools([{ kind: "password" }], true)).toEqual([]);
});

it("covers the names themselves in an image, whose links nobody here can follow", () => {
  expect(maskedTools(missing("tar"), false).map(({ to }) => to)).toEqual(["/usr/bin/tar", "/usr/sbin/tar"]);
});
