import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import type { Walk } from "./file-walk.ts";
import { outcome, some } from "./outcome.ts";
import { entryKey } from "./same-thing.ts";
import { isBelow } from "./trial-traces.ts";

/** What the look itself says of files, before anybody walks the file systems. */
export interface PlacesSeen {
  /** New in a place that is this node's alone. */
  readonly left: readonly string[];
  /** New, of the daemon's uid, in a place that others write to as well. */
  readonly doubtful: readonly string[];
  readonly unreadable: readonly string[];
}

/** Where cells have no uid to themselves, the only way: new names in known places. Pure. */
export function newInPlaces({ look, before, whose, privatePlaces }: Comparison): PlacesSeen {
  if (before === null || whose.uids.size > 0) return { left: [], doubtful: [], unreadable: [] };
  const known = new Set(before.openPlaces);
  const fresh = look.openPlaces.entries.filter(
    (entry) => entry.uid === look.self.uid && !known.has(entryKey(entry)) && !whose.isOthers(entry.path),
  );
  const [left, doubtful] = [true, false].map((mine) =>
    fresh.filter(({ path }) => isBelow(path, privatePlaces) === mine).map(({ path }) => path),
  );
  return { left: left ?? [], doubtful: doubtful ?? [], unreadable: look.openPlaces.unreadable };
}

export interface FilesInput {
  readonly places: PlacesSeen;
  /** The trial's folders and sockets that are still there. */
  readonly remaining: readonly string[];
  /** Null where cells have the daemon's own uid: then owners tell nothing. */
  readonly walk: Walk | null;
  readonly isOthers: (path: string) => boolean;
}

/** Files of the trial anywhere on the machine's own file systems. Pure. */
export function checkFiles({ places, remaining, walk, isOthers }: FilesInput): SterilityCheck {
  const walked = (walk?.found ?? []).filter(
    (path) => !isOthers(path) && !remaining.some((root) => isBelow(path, [root])),
  );
  const left = [...new Set([...remaining, ...places.left, ...walked])];
  if (walk !== null) return outcome("files", left, { cannot: walk.why });
  const cannot = [
    ...(places.doubtful.length === 0 ? [] : [`new, but maybe the user's own: ${some(places.doubtful)}`]),
    ...(places.unreadable.length === 0 ? [] : [`not readable: ${some(places.unreadable)}`]),
  ].join("; ");
  return outcome("files", left, { cannot, note: "cells have the daemon's own uid here: known places only" });
}
