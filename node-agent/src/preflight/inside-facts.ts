import { errnoName } from "../escape/in-cell-perl.ts";

/** What came of one address that was tried. */
export type Reached =
  /** The cell's own kernel refused it: nothing left the cell. */
  | { readonly how: "local"; readonly errno: string }
  /** Something was sent, and nobody answered in time. */
  | { readonly how: "silent" }
  /** Somebody answered: with a connection, with words, or with a refusal that only a far end can send. */
  | { readonly how: "answered"; readonly what: string };

/** What the script in the cell has said. All of it is hostile text: the agent's user ran it. */
export interface InsideFacts {
  /** False when the last line is missing: the script did not run to its end. */
  readonly whole: boolean;
  readonly status: ReadonlyMap<string, string>;
  readonly limits: ReadonlyMap<string, string>;
  readonly namespaces: ReadonlyMap<string, string>;
  readonly sockets: ReadonlyMap<string, string>;
  readonly writable: readonly string[];
  readonly readOnly: readonly string[];
  /** Null when the line is missing. */
  readonly helpers: readonly string[] | null;
  readonly bootId: string;
  /** Seconds since 1970. */
  readonly clock: number;
  readonly reached: ReadonlyMap<string, Reached>;
}

const MOST_LINES = 200;
/** Names of errnos that no packet of a far end causes. ECONNREFUSED and ETIMEDOUT are an answer. */
const LOCAL = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EACCES",
  "EPERM",
  "ENETDOWN",
  "EINVAL",
]);

export function parseInside(stdout: string): InsideFacts {
  const maps = {
    status: new Map<string, string>(),
    limit: new Map<string, string>(),
    ns: new Map<string, string>(),
    socket: new Map<string, string>(),
  };
  const reached = new Map<string, Reached>();
  const lists = { writable: [] as string[], readonly: [] as string[] };
  let helpers: string[] | null = null;
  let bootId = "";
  let clock = Number.NaN;
  const lines = stdout.split("\n").slice(0, MOST_LINES);
  for (const line of lines) {
    const [, kind = "", rest = ""] = /^(\w+) ?(.{0,300})$/.exec(line) ?? [];
    const [, name = "", value = ""] =
      /^((?:open files|file size|data size|core file size|\S+)) ?(.*)$/.exec(rest) ?? [];
    if (kind === "status" || kind === "limit" || kind === "ns" || kind === "socket")
      maps[kind].set(name, value.trim());
    else if (kind === "writable" || kind === "readonly") lists[kind].push(rest);
    else if (kind === "helpers") helpers = rest.split(" ").filter((path) => path !== "");
    else if (kind === "boot") bootId = rest.trim();
    else if (kind === "clock") clock = Number(rest);
    else if (kind === "net") reached.set(name, reachedOf(value));
  }
  return {
    whole: lines.includes("end"),
    ...{ status: maps.status, limits: maps.limit, namespaces: maps.ns, sockets: maps.socket },
    ...{ writable: lists.writable, readOnly: lists.readonly, helpers, bootId, clock, reached },
  };
}

function reachedOf(text: string): Reached {
  const local = /^local (\d{1,4})$/.exec(text)?.[1];
  // Refused at once is refused by a far end as well: on a link of one hop the answer is there before connect() is back.
  const errno = local ?? /^answered errno (\d{1,4})$/.exec(text)?.[1];
  if (errno !== undefined) {
    const name = errnoName(Number(errno));
    return LOCAL.has(name) ? { how: "local", errno: name } : { how: "answered", what: name };
  }
  if (text === "silent") return { how: "silent" };
  return { how: "answered", what: text.replace(/^answered /, "") };
}
