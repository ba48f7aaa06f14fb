import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import { NO_BASELINE } from "./comparison.ts";
import { TOO_MANY, type Digests } from "./digests.ts";
import { outcome, some, type Doubt } from "./outcome.ts";
import type { Whose } from "./whose.ts";

type Table = Readonly<Record<string, string>>;

/** New, changed and lost files, in words. Pure. */
export function changes(before: Table, now: Table): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].flatMap((name) => {
    const [old, current] = [before[name], now[name]];
    if (old === current) return [];
    return [
      old === undefined ? `new: ${name}` : current === undefined ? `gone: ${name}` : `changed: ${name}`,
    ];
  });
}

function compare(
  check: "timers" | "jobs" | "authorized-keys",
  before: Table | undefined,
  now: Digests,
  whose: Whose,
): SterilityCheck {
  if (before === undefined) return outcome(check, [], { cannot: NO_BASELINE });
  return outcome(check, changes(before, now.digests), doubtOf(now.unreadable, whose));
}

/**
 * Where cells have the daemon's own uid, none of them can write where the daemon may not even read: it has the same uid and fewer
 * rights. Elsewhere, and of places that are too full to read, nobody knows.
 */
function doubtOf(unread: readonly string[], { uids }: Whose): Doubt {
  const outOfReach = (text: string) => uids.size === 0 && !text.endsWith(TOO_MANY);
  const doubtful = unread.filter((text) => !outOfReach(text));
  const closed = unread.filter(outOfReach);
  return {
    cannot: doubtful.length === 0 ? "" : `not readable by the daemon: ${some(doubtful)}`,
    note: closed.length === 0 ? "" : `closed to this uid, and so to its cells: ${some(closed)}`,
  };
}

/** Tables of cron and at. */
export const checkJobs = ({ look, before, whose }: Comparison) =>
  compare("jobs", before?.jobs, look.jobs, whose);

/** Who may log in by key. */
export const checkAuthorizedKeys = ({ look, before, whose }: Comparison) =>
  compare("authorized-keys", before?.authorizedKeys, look.authorizedKeys, whose);

/**
 * A scope or a slice starts nothing by itself: it is a group of processes that are looked for anyway, and every login makes one.
 * Folders that systemd's generators fill anew at a reload are the same before and after.
 */
const STARTS_NOTHING = /\.(scope|slice)(\.d(\/|$)|\/|$)/;

/** systemd's transient units, unit files and users whose services outlast their sessions. */
export function checkTimers({ look, before, whose }: Comparison): SterilityCheck {
  const starting = (table: Table) =>
    Object.fromEntries(Object.entries(table).filter(([path]) => !STARTS_NOTHING.test(path)));
  const now = { ...look.timers, digests: starting(look.timers.digests) };
  return compare("timers", before === null ? undefined : starting(before.timers), now, whose);
}

/** base64 of a public key line. */
const blobOf = (line: string) => /AAAA[A-Za-z0-9+/]+={0,2}/.exec(line)?.[0];

/** Nothing that the attempt had a key for is left: no key file, no line that would let it in, no listener of its own. */
export function checkKeys(
  { look, trial, whose }: Comparison,
  keyFilesLeft: readonly string[],
  listeners: SterilityCheck,
): SterilityCheck {
  const wanted = new Set(trial.publicKeys.flatMap((line) => blobOf(line) ?? []));
  const files = Object.entries(look.authorizedKeys.keys);
  const lines = files
    .filter(([, keys]) => keys.some((key) => wanted.has(key)))
    .map(([path]) => `named in ${path}`);
  const open = listeners.left.filter((text) =>
    trial.addresses.some(({ address }) => text.includes(` ${address} `)),
  );
  const left = [
    ...keyFilesLeft.map((path) => `key file ${path}`),
    ...lines,
    ...open.map((text) => `listener ${text}`),
  ];
  return outcome("keys", left, doubtOf(look.authorizedKeys.unreadable, whose));
}
