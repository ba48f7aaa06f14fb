import { authorizedKey } from "../ssh/authorized-key.ts";
import type { CellDriver, CellSpec } from "../cell/cell.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { SshError } from "../ssh/ssh-error.ts";
import { logIn, type BenchCell } from "./escape-bench.ts";
import { escaped, stopped, unproven, type EscapeCase, type Finding } from "./escape-case.ts";
import { pidsIn } from "./process-traces.ts";

/** Tries with a key that must not open the cell. */
async function refusedKey(cell: BenchCell, privateKey: string, signal: AbortSignal): Promise<Finding> {
  try {
    await using session = await logIn(cell, privateKey, signal);
    return escaped(`the key opens a cell: ${(await session.exec("hostname")).stdout}`);
  } catch (error) {
    if (!(error instanceof SshError) || error.code !== "auth") return unproven(String(error));
    return stopped("sshd refuses the key", error.message);
  }
}

/** In the cell that has the slot after the survivors' one: same address, same names, nothing else of it. */
export function afterwardsCases(past: {
  /** Key of the attempt that is over. */
  readonly privateKey: string;
  /** Expired while the cell lives. */
  readonly expiredKey: string;
}): readonly EscapeCase[] {
  return [
    {
      id: "old-key",
      what: "uses an attempt's key after its end, at the next cell under the same address",
      expected: "each cell's sshd knows the keys of its own attempt only",
      run: ({ parts }) => refusedKey(parts.agent, past.privateKey, parts.signal),
    },
    {
      id: "expired-key",
      what: "uses a key whose time is over",
      expected: "sshd's expiry-time",
      run: ({ parts }) => refusedKey(parts.agent, past.expiredKey, parts.signal),
    },
  ];
}

/** What ends a cell, and with it everything in it. */
export const endingCases: readonly EscapeCase[] = [
  {
    id: "kill-init",
    what: "sends every signal to the cell's init",
    expected:
      "PID 1 of a namespace takes none from inside; if it ends all the same, the kernel ends all of the cell",
    run: async (bench) => {
      const result = await bench.perl(`for (1 .. 64) { kill($_, 1) } print "signalled\\n";`);
      if (!result.stdout.includes("signalled") && result.end !== "lost")
        return unproven(`${result.end} ${result.stderr}`);
      const lives = await bench.exec("sleep 0.5; echo still here").then(
        ({ stdout }) => stdout.includes("still here"),
        () => false,
      );
      if (lives) return stopped("PID namespace", "init lives, the cell answers");
      const left = await emptied(bench.cell.pidns);
      return left.length === 0
        ? stopped("the kernel: the cell ended with its init", (await bench.cell.died).reason)
        : escaped(`init is gone, ${left.length} processes live on`);
    },
  },
  {
    id: "kill-sshd",
    what: "kills its own sshd, so that nobody can come in any more",
    expected: "init ends the cell when sshd ends",
    run: async (bench) => {
      await bench
        .exec(`for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = sshd ] && kill -9 \${p#/proc/}; done`)
        .catch(() => undefined);
      const death = await bench.cell.died;
      const left = await emptied(bench.cell.pidns);
      if (left.length > 0) return escaped(`${left.length} processes live on`);
      return death.reason === "sshd"
        ? stopped("init: sshd", "the cell is empty")
        : unproven(`ended by ${death.reason}`);
    },
  },
];

/** A cell whose time is over, under a daemon that is well: it must be empty without anybody's doing. */
export async function outlivesItsTime(
  driver: CellDriver,
  spec: CellSpec,
  privateKey: string,
  signal: AbortSignal,
): Promise<Finding> {
  const cell = await driver.build(spec, signal);
  try {
    const session = await logIn({ cell }, privateKey, signal);
    await session.exec(
      `(setsid bash -c 'trap "" HUP INT TERM; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &)`,
    );
    await session.close();
    const before = pidsIn(cell.pidns).length;
    const death = await cell.died;
    const left = await emptied(cell.pidns);
    if (left.length > 0) return escaped(`${left.length} processes live on`);
    return death.reason === "ttl"
      ? stopped("init: ttl", `${before} processes ended`)
      : unproven(`ended by ${death.reason}`);
  } finally {
    await cell.destroy();
  }
}

/** Key and line of a life that is over already. */
export function expiredKey(now: Date): { privateKey: string; line: string } {
  const { privateKey, publicKeyLine } = newEphemeralKey("expired");
  return { privateKey, line: authorizedKey(publicKeyLine, { expires: new Date(now.getTime() - 60_000) }) };
}

/** Who is still in the namespace; a moment is given to those that are being reaped. */
async function emptied(pidns: string): Promise<number[]> {
  for (let looks = 0; looks < 100 && pidsIn(pidns).length > 0; looks += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return pidsIn(pidns);
}
