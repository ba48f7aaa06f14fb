import { EventEmitter } from "node:events";
import type { Context } from "../context.ts";
import type { LabPort, StartLab } from "../lab-port.ts";
import { memoryOutput } from "../terminal/output.ts";

/** A context whose outputs are kept and whose signals the test sends. */
export function testContext(cwd: string, startLab?: StartLab) {
  const out = memoryOutput();
  const err = memoryOutput();
  const signals = new EventEmitter();
  const exits: number[] = [];
  const context: Context = {
    terminal: { out, err, liveStream: null },
    cwd,
    env: {},
    self: "redline",
    version: "0.0.0",
    signals,
    loadLab: () =>
      startLab === undefined ? Promise.reject(new Error("this test has no lab")) : Promise.resolve(startLab),
    exit: (code) => void exits.push(code),
  };
  return { context, out, err, signals, exits };
}

/** A lab that is only words; `calls` keeps what was asked of it. */
export function fakeLab(socketPath: string, left: readonly string[] = []) {
  const calls: string[] = [];
  let end: (value: { code: number | null; why: string }) => void = () => undefined;
  const ended = new Promise<{ code: number | null; why: string }>((resolve) => {
    end = resolve;
  });
  const startLab: StartLab = ({ stateDir, specimenDirs, onLine }) => {
    calls.push(`start ${specimenDirs.length}`);
    onLine("hosts are up");
    const lab: LabPort = {
      socketPath,
      stateDir,
      hosts: ["alpha", "beta"],
      stop() {
        calls.push("stop");
        end({ code: 0, why: "" });
        return Promise.resolve({ clean: left.length === 0, left });
      },
      kill() {
        calls.push("kill");
      },
      ended,
    };
    return Promise.resolve(lab);
  };
  return { startLab, calls, die: () => end({ code: 1, why: "" }) };
}
