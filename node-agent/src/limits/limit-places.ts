import { readFileSync } from "node:fs";
import { DEFAULT_LIMITS } from "../cell/cell.ts";
import { runTool } from "../cell/run-tool.ts";
import { parseMountinfo } from "../observe/mountinfo.ts";
import { candidatePlaces, handOn, type Controller, type GroupPlace } from "./group-place.ts";
import { joinFile, makeGroup, removeGroup, sweepGroups } from "./limit-group.ts";

/** A place for each controller that works here; what is not in it is held by rlimits and the watch. */
export type LimitPlaces = readonly GroupPlace[];

let found: Promise<LimitPlaces> | undefined;

/**
 * Really tries, once a daemon: makes a group, writes its limits, reads them back, and has a process join.
 * @param bash path of bash, for that process
 */
export function limitPlaces(bash: string): Promise<LimitPlaces> {
  found ??= tryPlaces(bash, candidatePlaces(mountRows(), readFileSync("/proc/self/cgroup", "utf8")));
  return found;
}

/** For a daemon's start: removes the groups of its predecessors' cells, which have ended. Not while a cell is being built. */
export async function sweepLimitGroups(bash: string): Promise<void> {
  for (const place of await limitPlaces(bash)) sweepGroups(place, 0);
}

/** Never rejects: a place that refuses anything is none. */
export async function tryPlaces(bash: string, candidates: readonly GroupPlace[]): Promise<LimitPlaces> {
  const places: GroupPlace[] = [];
  const held = new Set<Controller>();
  for (const candidate of candidates) {
    const controllers = offered(candidate).filter((name) => !held.has(name));
    if (controllers.length === 0) continue;
    const place = { ...candidate, controllers };
    if (!(await works(bash, place))) continue;
    places.push(place);
    for (const name of controllers) held.add(name);
  }
  return places;
}

function offered({ version, parent, controllers }: GroupPlace): readonly Controller[] {
  try {
    return version === "cgroup-v2" ? handOn(parent) : controllers;
  } catch {
    return [];
  }
}

async function works(bash: string, place: GroupPlace): Promise<boolean> {
  try {
    const group = makeGroup(place, DEFAULT_LIMITS);
    const { code } = await runTool(bash, ["-c", 'echo 0 >"$1"', "join", joinFile(group)]);
    return (await removeGroup(group)) === null && code === 0;
  } catch {
    return false;
  }
}

const mountRows = () => parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"));
