import { leftEntries } from "./left-entries.ts";
import { leftProcesses } from "./left-processes.ts";
import { leftThings } from "./left-things.ts";
import type { Survivor } from "./survivor.ts";

/** The twelve that outlived other set-ups, and more of their kind. */
export const survivors: readonly Survivor[] = [...leftProcesses, ...leftEntries, ...leftThings];
