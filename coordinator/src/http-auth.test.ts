import { expect, it } from "vitest";
import { whyForeign } from "./http-auth.ts";

const knock = (host: string) => ({ method: "GET", path: "/", loopback: false, headers: { host } });

it("is called by its address, or by a name that the settings give, however it is written", () => {
  for (const host of ["127.0.0.1:8080", "[::1]:8080", "localhost", "lab.example", "LAB.example:443"])
    expect([host, whyForeign(knock(host), ["Lab.Example"])]).toEqual([host, null]);
  expect(whyForeign(knock("evil.example"), ["Lab.Example"])).toContain("REDLINE_HTTP_HOSTS");
});
