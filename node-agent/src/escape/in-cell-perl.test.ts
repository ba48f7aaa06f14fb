import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { perlArguments, refusal, shellWord, verdictOf } from "./in-cell-perl.ts";

const done = (stdout: string, more: Partial<Parameters<typeof refusal>[0]> = {}) => ({
  end: "exited" as const,
  code: 0,
  signal: null,
  stdout,
  stderr: "",
  truncated: false,
  timedOut: false,
  ...more,
});

describe("what a script said", () => {
  it.each([
    ["errno 1 ptrace\n", "EPERM"],
    ["errno 97\n", "EAFNOSUPPORT"],
    ["went through \n", "through"],
    ["errno 99999\n", null],
    ["errno 9999\n", "E9999"],
    ["nothing of the kind", null],
    ["", null],
  ])("%j is %s", (stdout, verdict) => {
    expect(verdictOf({ stdout, signal: null })).toBe(verdict);
  });

  it("is proof of a wall only with an errno of refusal", () => {
    expect(refusal(done("errno 1"), "filter")).toMatchObject({ outcome: "stopped", by: "filter: EPERM" });
    // The call was let in, and failed on its arguments.
    expect(refusal(done("errno 14"), "filter").outcome).toBe("escaped");
    expect(refusal(done("went through"), "filter").outcome).toBe("escaped");
    expect(refusal(done("", { signal: "SIGSYS", end: "signalled" }), "filter").outcome).toBe("stopped");
  });

  it("proves nothing by silence, by a time limit or by a script that does not run", () => {
    for (const silent of [
      done(""),
      done("", { end: "timed-out", timedOut: true, code: null }),
      done("", { end: "lost", code: null }),
      done("", { code: 255, stderr: "syntax error at -e line 1" }),
    ])
      expect(refusal(silent, "filter")).toMatchObject({ outcome: "not-tested", excused: false });
  });
});

describe("a script on its way", () => {
  it("keeps quotes and dollars through a shell", () => {
    const text = `it's "$HOME" \\ \n end`;
    expect(execFileSync("bash", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  });

  it("tells success and errno", () => {
    const run = (script: string) => execFileSync("perl", perlArguments(script, []), { encoding: "utf8" });
    expect(verdictOf({ stdout: run(`done("x");`), signal: null })).toBe("through");
    expect(verdictOf({ stdout: run(`open(my $f, "<", "/no/such") or refused("");`), signal: null })).toBe(
      "ENOENT",
    );
  });
});
