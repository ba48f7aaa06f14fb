import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseInside } from "./inside-facts.ts";
import { insideCommand } from "./inside-script.ts";

const net = (line: string) => parseInside(`net c0 ${line}\nend\n`).reached.get("c0");

describe("what a cell says of itself", () => {
  it("tells an answer of a far end from the cell's own refusal", () => {
    expect(net("silent")).toEqual({ how: "silent" });
    expect(net("local 101")).toEqual({ how: "local", errno: "ENETUNREACH" });
    expect(net("answered errno 113")).toEqual({ how: "local", errno: "EHOSTUNREACH" });
    // Only somebody who got the packet can refuse the connection.
    expect(net("local 111")).toEqual({ how: "answered", what: "ECONNREFUSED" });
    expect(net("answered errno 111")).toEqual({ how: "answered", what: "ECONNREFUSED" });
    expect(net("answered connected")).toEqual({ how: "answered", what: "connected" });
    expect(net("answered said SSH-2.0-x")).toEqual({ how: "answered", what: "said SSH-2.0-x" });
    // What nobody can read counts as the worst.
    expect(net("nonsense")?.how).toBe("answered");
  });

  it("is whole only with its last line", () => {
    expect(parseInside("status Seccomp 2\n").whole).toBe(false);
    expect(parseInside("status Seccomp 2\nend\n").whole).toBe(true);
    expect(parseInside("").helpers).toBeNull();
  });

  it("is bounded, whatever the cell writes", () => {
    const facts = parseInside(`${"writable /x\n".repeat(100_000)}helpers ${"x ".repeat(100_000)}\nend`);
    expect(facts.writable.length).toBeLessThanOrEqual(200);
    expect([facts.whole, facts.helpers]).toEqual([false, null]);
  });

  it("comes from a script that runs here as well", () => {
    const command = insideCommand([{ protocol: "tcp", host: "127.0.0.1", port: 1 }], null);
    const facts = parseInside(execFileSync("bash", ["-c", command], { encoding: "utf8" }));
    expect(facts.whole).toBe(true);
    expect(facts.status.get("Seccomp")).toMatch(/^\d$/);
    expect(Number(facts.limits.get("open files"))).toBeGreaterThan(0);
    expect(facts.namespaces.get("net")).toMatch(/^net:\[\d+\]$/);
    // Nobody listens there, and it is this machine that says so.
    expect(facts.reached.get("c0")).toEqual({ how: "answered", what: "ECONNREFUSED" });
    expect(Math.abs(facts.clock - Date.now() / 1000)).toBeLessThan(60);
  });
});
