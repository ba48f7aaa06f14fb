import { describe, expect, it } from "vitest";
import { isAllowed } from "./allowed-urls.ts";

describe("addresses of brains", () => {
  it.each([
    ["http://127.0.0.1:8000/v1", true],
    ["http://localhost:11434", true],
    ["http://[::1]:8000/v1", true],
    // The URL parser reads these as 127.0.0.1 too, and as other hosts.
    ["http://2130706433/v1", true],
    ["http://127.0.0.1.example/v1", false],
    ["http://192.0.2.10:8000/v1", false],
    ["http://user@127.0.0.1/v1", false],
    ["http://127.0.0.1@192.0.2.10/v1", false],
    ["http://[2001:db8::1]/v1", false],
  ])("%s without a list: %s", (url, expected) => {
    expect(isAllowed(url, [])).toBe(expected);
  });

  it.each([
    ["https://api.example/v1", true],
    ["https://api.example/v1/", true],
    ["https://api.example/v1/deployments/a", true],
    ["https://api.example/v10", false],
    ["https://api.example/", false],
    ["https://api.example/v1/../admin", false],
    ["http://api.example/v1", false],
    ["https://api.example:8443/v1", false],
    ["https://api.example.evil/v1", false],
    ["http://127.0.0.1:8000/v1", false],
  ])("%s with a list of one: %s", (url, expected) => {
    expect(isAllowed(url, ["https://api.example/v1"])).toBe(expected);
  });
});
