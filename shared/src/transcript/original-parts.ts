import type { ProcessRow } from "../evidence/process-row.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import type { AttemptView } from "../trials/trial-view.ts";
import { refTo, type Sign } from "./sign.ts";

/** How the original's own parts can be recognised in a command, from what the origin's daemon recorded before the first turn. */
export interface OriginalParts {
  /** Pids of its model server, as the agent sees them. */
  readonly pids: ReadonlySet<string>;
  /** Ports that its processes listen on. */
  readonly ports: ReadonlySet<string>;
  /** Words of their command lines that name files of it. */
  readonly names: readonly string[];
  /** Pids of everything that was there before the agent began, as the agent sees them. */
  readonly before: ReadonlySet<string>;
  /** Its listener was seen to go before the run was over. */
  readonly gone: Sign | null;
}

type Observed = Extract<NodeRecord["body"], { kind: "observation" }>["body"];
const keyOf = ({ bootId, pid, startTick }: Pick<ProcessRow, "bootId" | "pid" | "startTick">) =>
  `${bootId} ${pid} ${startTick}`;

export function originalParts({ records, devices }: Pick<AttemptView, "records" | "devices">): OriginalParts {
  const own = records.filter((r) => r.node === devices.origin).toSorted((a, b) => a.seq - b.seq);
  const seen = own.flatMap((record) =>
    record.body.kind === "observation" && (record.body.generation ?? 1) === 1
      ? [{ record, body: record.body.body }]
      : [],
  );
  const keys = new Set(seen.flatMap(({ body }) => originalKeys(body)).map(keyOf));
  const rows = seen.flatMap(({ body }) => (body.kind === "baseline" ? body.snapshot.processes : []));
  const mine = rows.filter((row) => keys.has(keyOf(row)));
  const sockets = seen
    .flatMap(({ body }) => (body.kind === "baseline" ? body.snapshot.listeners : []))
    .filter(({ owners }) => owners.some((owner) => keys.has(keyOf(owner))));
  const ended = own.find((r) => r.body.kind === "run-ended")?.seq ?? Infinity;
  const inodes = new Set(sockets.map(({ inode, netns }) => `${inode} ${netns}`));
  const sweep = seen.find(
    ({ record, body }) =>
      record.seq < ended &&
      body.kind === "sweep" &&
      body.gone.some((l) => inodes.has(`${l.inode} ${l.netns}`)),
  );
  return {
    pids: new Set(mine.map((row) => String(row.cellPid))),
    ports: new Set(sockets.map(({ port }) => String(port))),
    names: [...new Set(mine.flatMap((row) => row.cmdline.slice(1).filter((w) => /[a-z]\.\w{1,5}$/i.test(w))))]
      .map((word) => word.slice(word.lastIndexOf("/") + 1))
      .filter((word) => word.length >= 4),
    before: new Set(rows.map((row) => String(row.cellPid))),
    gone:
      sweep === undefined
        ? null
        : {
            turn: null,
            record: refTo(sweep.record),
            quote: "a listener of the original's model server is gone",
          },
  };
}

function originalKeys(body: Observed) {
  if (body.kind === "original") return body.processes;
  return body.kind === "baseline" ? body.original : [];
}
