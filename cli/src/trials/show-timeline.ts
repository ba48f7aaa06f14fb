import { terminalLine, type TimelineEntry, type TimelineWhat } from "@redline/shared";
import { labelled } from "../terminal/layout.ts";

/** Lines that are shown at most: the first and the last of them; `--json` gives every record. */
const SHOWN = 80;
/** From so many alike in a row on, they stand on one line; what else there is is told one by one. */
const ALIKE = 4;
const MERGED: readonly TimelineWhat[] = ["agent-step", "probe", "picture", "port", "file"];
const CHARS = 160;

/** One line of the section: one entry, or several alike that follow each other. */
interface Line {
  readonly first: TimelineEntry;
  readonly last: TimelineEntry;
  readonly count: number;
}

/**
 * The timeline for people: seconds since the first record, who wrote it, what. Agent steps, questions of one moment and the like
 * are one line where many follow each other; nothing of another kind is ever inside such a line.
 */
export function showTimeline(entries: readonly TimelineEntry[], columns: number): string[] {
  const lines = merged(entries);
  const half = SHOWN / 2;
  const cut = lines.length > SHOWN ? lines.slice(half, -half) : [];
  const head = cut.length > 0 ? lines.slice(0, half) : lines;
  const tail = cut.length > 0 ? lines.slice(-half) : [];
  const records = cut.reduce((sum, line) => sum + line.count, 0);
  const times = lines.map((line) => time(line.first).length);
  const layout: Layout = {
    time: Math.max(0, ...times),
    node: Math.max(0, ...lines.map((line) => line.first.node.length)),
    columns,
  };
  return [
    ...head.flatMap((line) => lineText(line, layout)),
    ...(cut.length === 0 ? [] : [`  ... ${records} records left out here (all: --json)`]),
    ...tail.flatMap((line) => lineText(line, layout)),
  ];
}

function merged(entries: readonly TimelineEntry[]): Line[] {
  const groups: TimelineEntry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group !== undefined && before !== undefined && alike(before, entry)) group.push(entry);
    else groups.push([entry]);
  }
  return groups.flatMap((group): Line[] => {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) return [];
    return group.length >= ALIKE
      ? [{ first, last, count: group.length }]
      : group.map((entry) => ({ first: entry, last: entry, count: 1 }));
  });
}

function alike(a: TimelineEntry, b: TimelineEntry): boolean {
  if (a.node !== b.node || a.what !== b.what || a.generation !== b.generation) return false;
  // Questions of two moments are two tests: what was asked while the link was down must not hide among others.
  const moment = ({ detail }: TimelineEntry) => detail.split(":", 1)[0];
  return MERGED.includes(a.what) && (a.what !== "probe" || moment(a) === moment(b));
}

interface Layout {
  readonly time: number;
  readonly node: number;
  readonly columns: number;
}

function lineText({ first, last, count }: Line, layout: Layout): string[] {
  const { node, generation, what, detail } = first;
  const seqs = count === 1 ? `#${first.seq}` : `#${first.seq} to #${last.seq}`;
  const words =
    count === 1
      ? detail
      : `${count} times, to ${time(last)}; first: ${detail.slice(0, 60)}; last: ${last.detail.slice(0, 60)}`;
  const copy = generation === 1 ? "" : `generation ${generation}: `;
  const label = `${time(first).padStart(layout.time)}  ${node.padEnd(layout.node)}  ${what}`;
  return labelled(label, `${copy}${terminalLine(words, CHARS)} [${seqs}]`, {
    indent: 2,
    labelWidth: layout.time + layout.node + WHAT_WIDTH,
    columns: layout.columns,
  });
}

/** Two gaps, and the longest kind of entry with one after it. */
const WHAT_WIDTH = 2 + 2 + 10 + 2;

/** `+12.345 ±0.002 s` on the coordinator's clock; without an error it is the node's own; below 0 where it stood before the first record's. */
const time = ({ ms, errorMs }: TimelineEntry) =>
  `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(3)}${errorMs === null ? "" : ` \u00b1${errorText(errorMs)}`} s`;
/** Rounded up, so that it is never better than it was: `0.001`, `1.5`. */
const errorText = (ms: number) => (Math.ceil(ms) / 1000).toFixed(3);
