import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { NOTHING_LEFT, RunTrace } from "./kit/run-trace.ts";
import { eventually } from "./kit/until.ts";

it("a run's trace names what is left: a process of the run, also in a namespace of its own, and a listener", async () => {
  const dir = `/tmp/redline-trace-${process.pid}`;
  using trace = new RunTrace(dir);
  const script = 'require("node:net").createServer().listen(0, "127.0.0.1"); setTimeout(() => {}, 60000)';
  const plain = spawn(process.execPath, ["-e", script], { env: { RUN: dir } });
  const apart = spawn("unshare", ["-Ur", "sleep", "60"], { env: { PATH: process.env["PATH"], RUN: dir } });
  await eventually("both are seen", () => {
    const left = trace.left();
    expect(left.processes).toHaveLength(2);
    expect(left.namespaces).toHaveLength(1);
    expect(left.listeners).toHaveLength(1);
  });
  for (const child of [plain, apart]) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));
});
