import { terminalLine } from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import type { CopyFacts } from "./copy-facts.ts";

type Asked = CopyFacts["answers"][number];

/** One line for all questions of a kind, moment and port: how many were answered, and one of them; `--json` gives all. */
export function askedLines(answers: readonly Asked[]): string[] {
  const groups = new Map<string, Asked[]>();
  for (const asked of answers) {
    const name = JSON.stringify([asked.port, asked.kind, asked.what]);
    groups.set(name, [...(groups.get(name) ?? []), asked]);
  }
  return [...groups.values()].map(groupText);
}

function groupText(group: readonly Asked[]): string {
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

export const isAnswered = ({ error }: Asked) => error === "";
