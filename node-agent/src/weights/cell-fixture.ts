import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ProcessKey } from "@redline/shared";
import type { CellScope } from "../observe/cell-scope.ts";
import { readHostFacts } from "../observe/host-facts.ts";
import { inodeIn, readLink } from "../observe/proc-file.ts";
import { activityOf } from "./proc-activity.ts";

/** Runs what it is told, line by line, and answers each line; PID 1 of a PID namespace. */
const AGENT = `
const fs = require("fs"), cp = require("child_process"), net = require("net");
const open = {};
require("readline").createInterface(process.stdin).on("line", async (line) => {
  let value; try { value = await eval(line); } catch (error) { value = String(error); }
  process.stdout.write(JSON.stringify(value ?? null) + "\\n");
});`;

/** Maps the file and closes it, as model servers do; says so and waits. Numbers of mmap: x64 and arm64. */
const MAPPER = `$| = 1; open(my $f, "<", $ARGV[0]) or die; my $n = $ARGV[1] eq "arm64" ? 222 : 9;
die if syscall($n, 0, -s $f, 1, 2, fileno($f), 0) < 0; close $f; print "mapped\\n"; sleep 600;`;
const MEMFD = `$| = 1; my $n = $ARGV[1] eq "arm64" ? 279 : 319; my $name = "weights";
my $fd = syscall($n, $name, 0); open(my $f, ">&=", $fd) or die; print $f "GGUF" . ("m" x 2000000); $f->flush; print "mapped\\n"; sleep 600;`;

/** A process tree in namespaces of its own, as a cell is to the daemon; a folder of this host, on tmpfs where there is one. */
export interface TestCell extends AsyncDisposable {
  readonly scope: CellScope;
  readonly dir: string;
  /** Its PID 1. */
  readonly init: ProcessKey;
  /** Evaluates a line of JavaScript inside. */
  do(line: string): Promise<unknown>;
  /** Starts a process that maps the file and has no descriptor of it any more. */
  map(path: string): Promise<ProcessKey>;
  /** The one process that it has started itself. */
  childKey(): Promise<ProcessKey>;
  /** Starts a process with 2 MB of GGUF in a memfd. */
  memfd(): Promise<ProcessKey>;
}

export async function startTestCell(dirIn = tmpdir()): Promise<TestCell> {
  const dir = mkdtempSync(join(dirIn, "redline-weights-"));
  const child: ChildProcess = spawn(
    "unshare",
    ["-Urmpn", "--fork", "--kill-child", process.execPath, "-e", AGENT],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  if (child.stdout === null || child.stdin === null) throw new Error("no pipes");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const stdin = child.stdin;
  const ask = async (line: string): Promise<unknown> => {
    stdin.write(`${line.replaceAll("\n", " ")}\n`);
    const next: IteratorResult<string, unknown> = await lines.next();
    if (next.done === true) throw new Error("the test cell has ended");
    return JSON.parse(next.value);
  };
  await ask("1");
  const initPid = childOf(child.pid ?? 0);
  const inode = (kind: "net" | "pid") => inodeIn(readlinkSync(`/proc/${initPid}/ns/${kind}`), kind) ?? "";
  const scope: CellScope = { initPid, netns: inode("net"), pidns: inode("pid") };
  const { bootId } = readHostFacts(process.pid, 0);
  const keyOf = (pid: number): ProcessKey => ({ bootId, pid, startTick: activityOf(pid)?.startTick ?? 0 });
  const startPerl = async (script: string, path: string) => {
    const args = JSON.stringify(["-e", script, path, process.arch]);
    const inner = await ask(
      `new Promise((r) => { const c = cp.spawn("perl", ${args}, { stdio: ["ignore", "pipe", "inherit"] }); c.stdout.once("data", () => r(c.pid)); c.once("exit", () => r(0)); })`,
    );
    return keyOf(hostPid(initPid, Number(inner)));
  };
  return {
    scope,
    dir,
    init: keyOf(initPid),
    do: ask,
    map: (path) => startPerl(MAPPER, path),
    childKey: async () => {
      const inner = await ask("open.child.pid");
      return keyOf(hostPid(initPid, Number(inner)));
    },
    memfd: () => startPerl(MEMFD, ""),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      // Its first process, and all others with it, end by that end: a moment later.
      while (readLink(`/proc/${initPid}/ns/mnt`) !== null)
        await new Promise((resolve) => setTimeout(resolve, 10));
      rmSync(dir, { recursive: true });
    },
  };
}

const children = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").map(Number);

function childOf(pid: number): number {
  const [first] = children(pid);
  if (first === undefined || first === 0) throw new Error("the test cell has no init");
  return first;
}

/** The host's number of a child of `initPid` which calls itself `inner`. */
function hostPid(initPid: number, inner: number): number {
  const found = children(initPid).find((pid) =>
    new RegExp(`^NSpid:.*\\s${inner}$`, "m").test(readFileSync(`/proc/${pid}/status`, "latin1")),
  );
  if (found === undefined)
    throw new Error(`no process ${inner} in the test cell; ${readLink(`/proc/${initPid}/exe`) ?? ""}`);
  return found;
}
