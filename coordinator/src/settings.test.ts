import { expect, it } from "vitest";
import { listensOf, loadSettings } from "./settings.ts";

const GIVEN = {
  REDLINE_STATE_DIR: "/s",
  REDLINE_NATS_URLS: "nats://a:1, nats://b:2",
  REDLINE_NODES: "n1,n2",
  REDLINE_HTTP_LISTEN: "8080",
  REDLINE_HTTP_TOKENS_FILE: "/t",
};

it("reads lists, defaults and an address on loopback", () => {
  const settings = loadSettings(GIVEN);
  expect(settings.REDLINE_NATS_URLS).toEqual(["nats://a:1", "nats://b:2"]);
  expect(settings.REDLINE_LEASE_MS).toBe(30_000);
  expect(listensOf(settings)).toEqual([{ host: "127.0.0.1", port: 8080 }]);
  expect(listensOf(loadSettings({ ...GIVEN, REDLINE_HTTP_LISTEN: "[::1]:80" }))).toEqual([
    { host: "::1", port: 80 },
  ]);
});

it("names every bad setting at once", () => {
  const given = { ...GIVEN, REDLINE_NODES: "N 1", REDLINE_LEASE_MS: "soon", REDLINE_HTTP_LISTEN: "a:99999" };
  expect(() => loadSettings(given)).toThrow(/REDLINE_HTTP_LISTEN[\s\S]*REDLINE_NODES[\s\S]*REDLINE_LEASE_MS/);
  expect(() => loadSettings({ ...GIVEN, REDLINE_HTTP_LISTEN: "" })).toThrow(
    /REDLINE_HTTP_SOCKET: set this or/,
  );
});

it("wants tokens for a listener on TCP, and nodes by list or by file", () => {
  expect(() => loadSettings({ ...GIVEN, REDLINE_HTTP_TOKENS_FILE: "" })).toThrow(/redline token add/);
  expect(() => loadSettings({ ...GIVEN, REDLINE_NODES_FILE: "/lab.json" })).toThrow(
    /REDLINE_NODES: .*not both/,
  );
  expect(() => loadSettings({ ...GIVEN, REDLINE_NODES: "" })).toThrow(/REDLINE_NODES: .*REDLINE_NODES_FILE/);
  for (const name of ["all", "coordinator", "coordinator-b", "observer"])
    expect(() => loadSettings({ ...GIVEN, REDLINE_NODES: name })).toThrow(/reserved name/);
});
