import type { Lineage, OriginalFacts } from "@redline/shared";
import type { Mount } from "./mount-table.ts";

export interface LineageFacts {
  readonly device: string;
  readonly inode: string;
  readonly links: number;
  /** As the process sees it. */
  readonly path: string;
  readonly mount: Mount;
  /** It shares blocks with a file of the original. */
  readonly sharesBlocks: boolean;
}

const NETWORK = new Set([
  ...[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "lustre",
    "glusterfs",
    "beegfs",
    "afs",
    "gfs2",
    "ocfs2",
  ],
  ...["virtiofs", "pvfs2", "orangefs", "gpfs", "ncpfs", "coda", "davfs", "wekafs", "panfs", "fuse"],
]);

/**
 * How the bytes of an opened file came here, from what the kernel says of the file and the mount it was opened through; pure.
 *
 * Device and inode say "the original's own file" only on the original's device: elsewhere equal numbers are chance. There, the
 * path is the original's own (the process was given a link to it, or its very name) or that of another link in a
 * directory. Otherwise it is the mount that says whether the file was put here by someone inside: a cell can make no
 * mounts, and all it can write to is whole file systems of its own.
 */
export function lineageOf(
  file: LineageFacts,
  original: Pick<OriginalFacts, "files">,
  sameDevice: boolean,
): Lineage {
  const own = original.files.filter((o) => o.device === file.device && o.inode === file.inode);
  if (sameDevice && own.length > 0) {
    if (own.some((o) => o.path === file.path)) return "symlink";
    if (isBind(file)) return "bind-mount";
    return file.links > 1 ? "hard-link" : "symlink";
  }
  const { fsType } = file.mount;
  if (NETWORK.has(fsType) || fsType.startsWith("fuse.")) return "network-mount";
  if (isBind(file)) return "bind-mount";
  if (file.sharesBlocks) return "clone";
  return sameDevice ? "copied" : "fetched";
}

/** A part of a file system, or one that the cell cannot write to: laid in from outside. */
const isBind = ({ mount }: LineageFacts) => mount.root !== "/" || !mount.writable;
