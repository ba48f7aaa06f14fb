/** Aligned columns, two spaces apart; the last column keeps its length. `right` names columns of numbers. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, visibleLength(cell))),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const gap = " ".repeat((widths[i] ?? 0) - visibleLength(cell));
        if (right.includes(i)) return gap + cell;
        return i === row.length - 1 ? cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Length without our own colour codes. */
const visibleLength = (text: string) => text.replace(/\u001b\[[0-9;]*m/g, "").length;

/**
 * `label` in a column of its own and text beside it, wrapped at spaces to `columns`; words longer than the
 * space are broken. Newlines of the text are kept.
 */
export function labelled(label: string, text: string, options: Labelled): string[] {
  const { indent, labelWidth, columns } = options;
  const room = Math.max(20, columns - indent - labelWidth);
  return wrap(text, room).map((line, i) =>
    `${" ".repeat(indent)}${(i === 0 ? label : "").padEnd(labelWidth)}${line}`.trimEnd(),
  );
}
export interface Labelled {
  readonly indent: number;
  readonly labelWidth: number;
  readonly columns: number;
}

export function wrap(text: string, room: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, room));
}

function wrapLine(line: string, room: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > room) {
    const space = rest.lastIndexOf(" ", room);
    const cut = space > room / 3 ? space : room;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}
