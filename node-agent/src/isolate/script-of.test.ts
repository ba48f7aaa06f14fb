import { describe, expect, it } from "vitest";
import { codeByEnvironment, scriptOf } from "./script-of.ts";

describe("the script of a process", () => {
  it.each([
    ["/opt/redline/bin/node", ["node", "agent.mjs", "serve", "--port", "1"], "agent.mjs"],
    [
      "/usr/bin/node (deleted)",
      ["x", "--max-old-space-size=100", "--title", "agent", "/a/b.mjs"],
      "/a/b.mjs",
    ],
    ["/usr/bin/node", ["node", "-C", "development", "--", "-odd.js"], "-odd.js"],
    ["/usr/bin/python3.11", ["python3", "-u", "-W", "ignore", "serve.py"], "serve.py"],
    ["/usr/bin/bash", ["/bin/bash", "-eu", "-o", "pipefail", "run.sh"], "run.sh"],
  ])("of %s %j is %s", (exe, cmdline, path) => {
    expect(scriptOf(exe, cmdline)).toEqual({ kind: "script", path });
  });

  it.each([
    ["/usr/bin/node", ["node", "-e", "code", "decoy.mjs"]],
    ["/usr/bin/node", ["node", "--eval=code", "decoy.mjs"]],
    ["/usr/bin/node", ["node", "--import", "./instead.mjs", "agent.mjs"]],
    ["/usr/bin/node", ["node", "--require=./instead.cjs", "agent.mjs"]],
    ["/usr/bin/node", ["node"]],
    ["/usr/bin/python3", ["python3", "-m", "http.server"]],
    ["/usr/bin/python3", ["python3", "-Ic", "code"]],
    ["/bin/dash", ["sh", "-c", "sleep 1"]],
    ["/bin/bash", ["bash", "-"]],
    ["/bin/bash", []],
  ])("of %s %j is none", (exe, cmdline) => {
    expect(scriptOf(exe, cmdline)).toMatchObject({ kind: "none" });
  });

  it("is the program where that is no interpreter, whatever the command line says", () => {
    expect(scriptOf("/home/agent/server", ["node", "agent.mjs"])).toEqual({ kind: "program" });
  });
});

describe("code by the environment", () => {
  it.each([
    ["NODE_OPTIONS", "NODE_OPTIONS=--no-warnings --import /home/agent/instead.mjs"],
    ["NODE_OPTIONS", "NODE_OPTIONS=--require=./instead.cjs"],
    ["LD_PRELOAD", "LD_PRELOAD=/home/agent/lib.so"],
    [null, "NODE_OPTIONS=--max-old-space-size=200"],
    [null, "LD_PRELOAD="],
    [null, "TITLE=LD_PRELOAD=x"],
    [null, ""],
  ])("is %s in %s", (name, entry) => {
    expect(codeByEnvironment(`PATH=/usr/bin\0${entry}\0HOME=/home/agent\0`)).toBe(name);
  });
});
