import { CELL } from "../cell/cell-layout.ts";

/** Ids that a container's user namespace has, one by one. */
export type UserMap = readonly { readonly inside: number; readonly host: number }[];

/**
 * The cell's user is the slot's own host uid. Where the daemon is the real root, root's id is mapped as well: the runtime makes
 * mount points in folders of the image, which are root's. Nobody in the cell is or can become that user: no capability, no
 * privileges to gain, and system calls that would change the namespace are refused. Where only one id is mapped to the daemon
 * (the rootless lab), it is the cell's user's.
 */
export function userMap(hostUid: number, ownUid: number): UserMap {
  const cell = { inside: CELL.uid, host: hostUid };
  return hostUid === ownUid ? [cell] : [{ inside: 0, host: ownUid }, cell];
}
