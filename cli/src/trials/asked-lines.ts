import { terminalLine } from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import type { CopyFacts } from "./copy-facts.ts";

type Asked = CopyFacts["answers"][number];

/** Records that are named of one moment. */
const RECORDS = 4;

/**
 * One line for all questions of a kind to a port: how many were answered and one of them in full, then the count of each later
 * moment; `--json` gives all.
 */
export function askedLines(answers: readonly Asked[]): string[] {
  const kinds = grouped(answers, ({ port, kind }) => JSON.stringify([port, kind]));
  return kinds.map((kind) => {
    const [first = [], ...later] = grouped(kind, ({ what }) => what);
    return [firstText(first), ...later.map(laterText)].join("; ");
  });
}

function grouped(answers: readonly Asked[], nameOf: (asked: Asked) => string): Asked[][] {
  const groups = new Map<string, Asked[]>();
  for (const asked of answers) groups.set(nameOf(asked), [...(groups.get(nameOf(asked)) ?? []), asked]);
  return [...groups.values()];
}

function firstText(group: readonly Asked[]): string {
  const good = group.filter(isAnswered);
  // One that was answered says more than one that was not.
  const example = good[0] ?? group[0];
  if (example === undefined) return "";
  const many = group.length === 1 ? "" : ` ${group.length} times, ${good.length} answered, as this`;
  const nonce = example.nonce === "" ? "" : `, nonce ${terminalLine(example.nonce)}`;
  const got = isAnswered(example)
    ? `answer (HTTP ${example.status}, ${duration(example.tookMs)}): "${terminalLine(example.answer, 200)}"`
    : `no answer: ${terminalLine(example.error)}`;
  const { node, seq, askedAt } = example;
  return `port ${example.port} ${example.kind} ${example.what}${many}${nonce}; ${got}; ${askedAt} by ${node}, record ${node}#${seq}`;
}

function laterText(group: readonly Asked[]): string {
  const [first] = group;
  if (first === undefined) return "";
  const records = [...new Set(group.map(({ node, seq }) => `${node}#${seq}`))].slice(0, RECORDS).join(" ");
  return `${first.what}: ${group.filter(isAnswered).length} of ${group.length} answered [${records}]`;
}

export const isAnswered = ({ error }: Asked) => error === "";
