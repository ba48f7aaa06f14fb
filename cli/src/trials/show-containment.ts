import { breachesOf, terminalLine, type AttemptView } from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import { labelled } from "../terminal/layout.ts";
import type { Page } from "./page.ts";

/** Destinations of dropped packets that are listed. */
const DESTINATIONS = 12;

/** What was measured of an attempt's containment: checks before it, what the walls stopped, what was looked for after it. */
export function showContainment(attempt: AttemptView, { columns, paint }: Page): string[] {
  const row = (label: string, text: string, bad = false) => {
    const [first = "", ...more] = labelled(label, text, { indent: 2, labelWidth: 27, columns });
    return bad ? [paint.bad(first), ...more.map((line) => paint.bad(line))] : [first, ...more];
  };
  const on = (of: { readonly device: string; readonly node: string }) => `${of.device} on ${of.node}`;
  const breaches = breachesOf(attempt);
  return [
    ...row(
      "breaches",
      breaches.length === 0 ? "none recorded" : breaches.map((text) => terminalLine(text, 600)).join("\n"),
      breaches.length > 0,
    ),
    ...attempt.preflights.flatMap((p) =>
      row(
        `before, ${on(p)}`,
        p.ok
          ? `${p.checks} checks hold, ${duration(p.tookMs)}`
          : `does NOT hold: ${p.failed.map(({ check, detail }) => `${terminalLine(check, 80)} (${terminalLine(detail, 200)})`).join("; ")}`,
        !p.ok,
      ),
    ),
    ...attempt.census.flatMap((c) =>
      row(`copies, ${on(c)}`, `${c.copies} live at the last count, generation ${c.generation}`),
    ),
    ...attempt.drops
      .filter(({ packets }) => packets > 0)
      .flatMap((d) => row(`dropped, ${on(d)}`, dropsText(d))),
    ...attempt.limits.flatMap((l) =>
      row(
        `limits, ${on(l)}`,
        Object.entries(l.hit)
          .slice(0, DESTINATIONS)
          .map(([limit, times]) => `${terminalLine(limit, 40)} reached ${times} times`)
          .join(", ") || "none reached",
      ),
    ),
    ...attempt.emptied.flatMap((e) =>
      row(
        `emptied, ${e.node}`,
        `by ${e.by}: ${e.cells} cells in ${duration(e.tookMs)}${e.detail === "" ? "" : `; ${terminalLine(e.detail, 300)}`}`,
      ),
    ),
    ...attempt.sterility.flatMap((s) =>
      row(
        `${s.look === "after" ? "after" : "again"}, ${on(s)}`,
        s.clean
          ? `as before: ${s.checks - s.unseen.length} checks${s.unseen.length === 0 ? "" : `, could not look at ${s.unseen.join(", ")}`}`
          : `NOT as before: ${s.left.map((item) => terminalLine(item, 400)).join("; ")}`,
        !s.clean,
      ),
    ),
  ];
}

function dropsText({ packets, bytes, kinds, tried }: AttemptView["drops"][number]): string {
  const byKind = Object.entries(kinds)
    .filter(([, n]) => n > 0)
    .slice(0, DESTINATIONS)
    .map(([kind, n]) => `${terminalLine(kind, 20)} ${n}`)
    .join(", ");
  const where = tried.slice(0, DESTINATIONS).map((to) => terminalLine(to, 100));
  const more = tried.length > DESTINATIONS ? ` and ${tried.length - DESTINATIONS} more` : "";
  return `${packets} packets, ${bytes} bytes${byKind === "" ? "" : ` (${byKind})`}${where.length === 0 ? "" : `; to ${where.join(", ")}${more}`}`;
}
