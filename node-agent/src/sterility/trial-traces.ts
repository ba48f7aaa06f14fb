import type { NamespaceIds } from "../cell/namespaces.ts";

/** What of an attempt on this node is known, so that a proof can tell its survivors from everybody else's work. */
export interface Trial {
  /** Uids of its cells' users as the daemon sees them (`hostUid`). The daemon's own uid among them tells nothing and is left out. */
  readonly uids: readonly number[];
  /** Namespaces of its cells. To be held open by the caller until the proof is there: the kernel gives freed numbers away again. */
  readonly namespaces: readonly NamespaceIds[];
  /** Ids of its cells: who is in a control group of such a name belongs to it. */
  readonly cellIds: readonly string[];
  /** Further names of its control groups, where the driver chose others. */
  readonly groups?: readonly string[];
  /** OpenSSH public key lines of the attempt; only type and key are compared. */
  readonly publicKeys: readonly string[];
  /** Files with private keys of the attempt. */
  readonly keyFiles: readonly string[];
  /** Folders and sockets of its cells on this node. They must be gone, and nothing may keep a file below them. */
  readonly paths: readonly string[];
  /** Where its relays and cells' links listened in the daemon's network namespace; port 0: every port of the address. */
  readonly addresses: readonly Endpoint[];
  /** Indices of the GPUs that it was given; absent: the proof speaks of every GPU that no live cell has. */
  readonly gpus?: readonly number[];
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * A cell of another attempt: every slot in use, from the moment its cell is begun until it is removed. What is its own is nobody's
 * survivor. Namespaces are empty as long as they are not known.
 */
export interface LiveCell {
  readonly uid: number;
  readonly namespaces: NamespaceIds;
  readonly paths: readonly string[];
  /** Host's side of its link: every port there is its own. */
  readonly address: string;
  /** Where its relays listen elsewhere. */
  readonly listeners?: readonly Endpoint[];
  readonly gpus: readonly number[];
}

const KINDS = ["pid", "net", "mnt", "user", "ipc", "uts"] as const;

/** `net:[4026531840]` as the kernel writes it in links, of each namespace that is known. */
export const namespaceNames = (ids: NamespaceIds): string[] =>
  KINDS.flatMap((kind) => (ids[kind] === undefined ? [] : [`${kind}:[${ids[kind]}]`]));

/** Of a cell's `facts` (`ns.pid`, `ns.net` ...), as the driver read them back from the kernel. */
export function namespacesOfFacts(facts: Readonly<Record<string, string>>): NamespaceIds {
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const id = facts[`ns.${kind}`];
      return id === undefined ? [] : [[kind, id]];
    }),
  );
}

/** Whether an address with a port, as in `10.88.0.1 4000`, is one of these. Pure. */
export const isOneOf = (name: string, endpoints: readonly Endpoint[]) =>
  endpoints.some(({ address, port }) =>
    port === 0 ? name.startsWith(`${address} `) : name === `${address} ${port}`,
  );

/** True for the path itself and all below it. */
export const isBelow = (path: string, folders: readonly string[]) =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
