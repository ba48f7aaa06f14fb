import { createLogger } from "@redline/daemon";
import { attemptKeySchema, nodeIdSchema, type AttemptKey, type NodeRecordBody } from "@redline/shared";
import { Registry, type RunningPart } from "../attempts/registry.ts";
import type { Cell } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";

export const keyOf = (trial: string, attempt = 1): AttemptKey =>
  attemptKeySchema.parse({ trial, attempt, epoch: 1 });

const proof = {
  clean: true,
  processes: 0,
  namespaces: 0,
  interfaces: 0,
  mounts: 0,
  listeners: 0,
  tookMs: 0,
  left: [],
};

/** A node without a kernel: a clock that stands still, cells that tell what was done to them, a journal in memory. */
export class BareNode {
  now = 1000;
  readonly registry = new Registry(8);
  readonly logger = createLogger("test", "silent");
  readonly records: { body: NodeRecordBody; key?: AttemptKey | undefined }[] = [];
  /** What happened, in order. */
  readonly events: string[] = [];
  cells: Cell[] = [];
  readonly nowMs = () => this.now;
  readonly log: NodeLog = {
    node: nodeIdSchema.parse("alpha"),
    write: (body, key) => {
      this.events.push(`record ${body.kind}`);
      this.records.push({ body, key });
      return Promise.resolve(this.records.length);
    },
  };
  readonly driver = {
    cells: () => this.cells,
    emptyAll: async () => {
      await Promise.all(this.cells.map((cell) => cell.empty()));
      return { cells: this.cells.length, tookMs: 0 };
    },
  };

  /** For the options of what is tested. */
  get parts() {
    const { driver, registry, log, logger, nowMs } = this;
    return { driver, registry, log, logger, nowMs };
  }

  /** A part that ends when it is told to, as soon as its cell is gone. */
  part(trial: string, device: "origin" | "target" = "origin", attempt = 1): RunningPart {
    const part = this.registry.take(
      keyOf(trial, attempt),
      device,
      ({ cancel }) =>
        new Promise((resolve) =>
          cancel.signal.addEventListener("abort", () => {
            this.events.push(`told ${trial} ${faultOf(cancel.signal.reason)}`);
            resolve();
          }),
        ),
    );
    if (part === null) throw new Error("no slot");
    return part;
  }

  cell(id: string): Cell {
    let died: (death: { reason: string }) => void = () => undefined;
    const cell: Cell = {
      id,
      initPid: 2,
      netns: `net-${id}`,
      pidns: `pid-${id}`,
      address: "",
      sshPort: 22,
      hostKey: "",
      hostAddress: "",
      facts: {},
      died: new Promise((resolve) => {
        died = resolve;
      }),
      empty: () => {
        this.events.push(`empty ${id}`);
        died({ reason: "killed" });
        this.now += 5;
        return Promise.resolve(5);
      },
      drops: () => Promise.resolve({ packets: 0, bytes: 0, kinds: {}, tried: [] }),
      limitsHit: () => Promise.resolve({}),
      log: () => "",
      setLink: () => Promise.resolve({ verified: true, tookMs: 0 }),
      destroy: () => Promise.resolve(proof),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    this.cells.push(cell);
    return cell;
  }
}

const faultOf = (reason: unknown) =>
  typeof reason === "object" && reason !== null && "fault" in reason ? String(reason.fault) : "cancelled";
