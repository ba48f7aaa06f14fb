import type { Cell, CellDriver, CellSpec, Drops } from "../cell/cell.ts";
import { runTool, type ToolResult } from "../cell/run-tool.ts";
import { connectSsh } from "../ssh/connect-ssh.ts";
import type { EphemeralKey } from "../ssh/ephemeral-key.ts";
import type { ExecOptions, ExecResult } from "../ssh/exec.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { perl, perlArguments } from "./in-cell-perl.ts";
import type { Traps } from "./traps.ts";

/** An address of the lab that no cell may reach. */
export interface LabAddress {
  readonly host: string;
  readonly port: number;
}

/** What there is to reach from this node; what is not given cannot be tried. */
export interface LabAddresses {
  /** The node's own address for its peers, e.g. "10.77.0.2". */
  readonly host: string;
  readonly nats?: LabAddress;
  readonly coordinator?: LabAddress;
  /** sshd, or anything else that listens, of another node. */
  readonly peer?: LabAddress;
}

export interface BenchCell {
  readonly cell: Cell;
  readonly spec: CellSpec;
  /** Private key of the daemon for this cell. */
  readonly key: EphemeralKey;
}

export interface BenchParts {
  readonly driver: CellDriver;
  /** The cell that the cases act in. */
  readonly agent: BenchCell;
  /** The neighbour on the node, and target of the agent's SSH; null in stages with one cell. */
  readonly other: BenchCell | null;
  readonly traps: Traps;
  readonly addresses: LabAddresses;
  /** A file of the host that everybody may read, outside of every cell. */
  readonly secret: { readonly path: string; readonly text: string };
  /** The specimen's weights on the host, and as the cell sees them. */
  readonly weights: { readonly host: string; readonly inCell: string };
  readonly nsenter: string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** How long a packet may take to be counted after the script that sent it has ended. */
const COUNT_MS = 400;

/** What a case acts with. */
export class EscapeBench {
  readonly parts: BenchParts;
  readonly #sessions = new Map<BenchCell, Promise<SshSession>>();

  constructor(parts: BenchParts) {
    this.parts = parts;
  }

  get cell(): Cell {
    return this.parts.agent.cell;
  }

  /** As the agent, in its cell. The limit is one of liveness: a script that does not end is no proof of anything. */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { signal } = this.parts;
    const session = await this.session();
    return session.exec(command, { timeoutMs: 10_000, maxOutputBytes: 65_536, signal, ...options });
  }

  perl(script: string, ...args: readonly (string | number)[]): Promise<ExecResult> {
    return this.exec(perl(script, ...args));
  }

  /** As the agent of the neighbouring cell. */
  async execOther(command: string): Promise<ExecResult> {
    const session = await this.#open(this.other);
    return session.exec(command, { timeoutMs: 10_000, maxOutputBytes: 65_536, signal: this.parts.signal });
  }

  get other(): BenchCell {
    const { other } = this.parts;
    if (other === null) throw new Error("this stage has one cell");
    return other;
  }

  /** Root in the cell's network, which no agent ever is: a perl of the host in that namespace with all the daemon's rights. */
  asRoot(script: string, ...args: readonly (string | number)[]): Promise<ToolResult> {
    const inside = [`--net=/proc/${this.cell.initPid}/ns/net`, "--", "perl", ...perlArguments(script, args)];
    return runTool(this.parts.nsenter, inside, { timeoutMs: 10_000 });
  }

  session(): Promise<SshSession> {
    return this.#open(this.parts.agent);
  }

  /**
   * Does the work, and says what the guard counted meanwhile: null when it cannot be asked.
   * @param awaited whether something must come, going by the result; then it is waited for
   */
  async counted<T>(
    work: () => Promise<T>,
    awaited: (result: T) => boolean,
  ): Promise<{ result: T; packets: number | null; kinds: string }> {
    const before = await this.#drops();
    const result = await work();
    const until = performance.now() + (awaited(result) ? COUNT_MS : 0);
    let after = await this.#drops();
    while (after !== null && after.packets === before?.packets && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      after = await this.#drops();
    }
    if (before === null || after === null) return { result, packets: null, kinds: "" };
    const kinds = Object.entries(after.kinds).flatMap(([kind, count]) => {
      const more = count - (before.kinds[kind] ?? 0);
      return more > 0 ? [`${kind} ${more}`] : [];
    });
    return { result, packets: after.packets - before.packets, kinds: kinds.join(", ") };
  }

  /** Ends every session; what they started lives on. */
  async hangUp(): Promise<void> {
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of await Promise.allSettled(open))
      if (session.status === "fulfilled") await session.value.close();
  }

  #drops(): Promise<Drops | null> {
    return this.cell.drops().catch(() => null);
  }

  async #open(to: BenchCell): Promise<SshSession> {
    let session = this.#sessions.get(to);
    if (session === undefined) {
      session = logIn(to, to.key.privateKey, this.parts.signal);
      this.#sessions.set(to, session);
      // A session that a case has killed, or that never came up, is opened anew for the next.
      const forget = () => {
        if (this.#sessions.get(to) === session) this.#sessions.delete(to);
      };
      session.then((opened) => void opened.ended.then(forget), forget);
    }
    return session;
  }
}

/** @throws SshError */
export function logIn(
  { cell }: Pick<BenchCell, "cell">,
  privateKey: string,
  signal: AbortSignal,
): Promise<SshSession> {
  const { address: host, sshPort: port, hostKey } = cell;
  return connectSsh({ host, port, username: "agent", privateKey, hostKey, signal });
}
