import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Sleepers with 9 descriptors each, three of them the sockets that are Node's pipes: a server's are as many, and `ss` pays for
 * sockets. `cat` ends with this process, and all of the namespace with it.
 */
const SCRIPT = `
exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null 8</dev/null 9<&0
i=0
while [ "$i" -lt "$0" ]; do sleep 600 <&9 9<&- & i=$((i + 1)); done
echo up
cat`;

/** That many processes in a PID namespace of their own; as any user. All are gone when it is disposed of. */
export async function startSleepers(count: number): Promise<AsyncDisposable> {
  const child = spawn(
    "unshare",
    ["-Ur", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", SCRIPT, String(count)],
    { stdio: "pipe" },
  );
  child.stderr.pipe(process.stderr, { end: false });
  // Each of them holds the pipes' other ends: they close with the last.
  const closed = once(child, "close");
  const end = async () => {
    child.stdin.end();
    await closed;
  };
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first: unknown = (await lines.next()).value;
  if (first !== "up") {
    await end();
    throw new Error(`${count} processes could not be started; is there a limit on processes (ulimit -u)?`);
  }
  return { [Symbol.asyncDispose]: end };
}
