import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import { NO_BASELINE } from "./comparison.ts";
import type { Digests } from "./digests.ts";
import { outcome, some } from "./outcome.ts";

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
): SterilityCheck {
  if (before === undefined) return outcome(check, [], { cannot: NO_BASELINE });
  const unread = now.unreadable;
  return outcome(check, changes(before, now.digests), {
    cannot: unread.length === 0 ? "" : `not readable by the daemon: ${some(unread)}`,
  });
}

/** Tables of cron and at. */
export const checkJobs = ({ look, before }: Comparison) => compare("jobs", before?.jobs, look.jobs);

/** Who may log in by key. */
export const checkAuthorizedKeys = ({ look, before }: Comparison) =>
  compare("authorized-keys", before?.authorizedKeys, look.authorizedKeys);

/**
 * A scope or a slice starts nothing by itself: it is a group of processes that are looked for anyway, and every login makes one.
 * Folders that systemd's generators fill anew at a reload are the same before and after.
 */
const STARTS_NOTHING = /\.(scope|slice)(\.d(\/|$)|\/|$)/;

/** systemd's transient units, unit files and users whose services outlast their sessions. */
export function checkTimers({ look, before }: Comparison): SterilityCheck {
  const starting = (table: Table) =>
    Object.fromEntries(Object.entries(table).filter(([path]) => !STARTS_NOTHING.test(path)));
  const now = { ...look.timers, digests: starting(look.timers.digests) };
  return compare("timers", before === null ? undefined : starting(before.timers), now);
}

/** base64 of a public key line. */
const blobOf = (line: string) => /AAAA[A-Za-z0-9+/]+={0,2}/.exec(line)?.[0];

/** Nothing that the attempt had a key for is left: no key file, no line that would let it in, no listener of its own. */
export function checkKeys(
  { look, trial }: Comparison,
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
  const unread = look.authorizedKeys.unreadable;
  return outcome("keys", left, {
    cannot: unread.length === 0 ? "" : `not readable by the daemon: ${some(unread)}`,
  });
}
