import type { MountRow } from "../observe/mountinfo.ts";
import { isApart, type NodeLook } from "./node-look.ts";
import type { ProcessRow } from "./process-row.ts";
import type { SocketRow } from "./socket-row.ts";

/** Names by which two looks at the node find the same thing again. All pure. */

export const processKey = ({ pid, startTick }: ProcessRow) => `${pid} ${startTick}`;

export const listenerKey = ({ table, name }: SocketRow) => `${table} ${name}`;

export const mountKey = ({ point, root, fsType }: MountRow) => `${fsType} ${root} at ${point}`;

/** A name that was taken away and made anew is another entry. */
export const entryKey = ({ path, inode }: { path: string; inode: string }) => `${path} ${inode}`;

/**
 * A listener of the daemon's own network namespace. Bound datagram sockets count only where the daemon's world is its own: on a
 * machine, every name that is looked up makes one.
 */
export function isListener(row: SocketRow, look: NodeLook): boolean {
  if (!row.listens || !look.self.namespaces.includes(row.netns)) return false;
  return (
    row.table.startsWith("tcp") ||
    row.table === "unix" ||
    (row.table.startsWith("udp") && isApart(look, "user"))
  );
}
