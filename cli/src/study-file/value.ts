/** What stands at a path of parsed YAML, or undefined. Own properties only: keys are a stranger's text. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, part)?.value;
  }
  return value;
}

/** Entries of a mapping; none where there is no mapping. */
export function entriesAt(root: unknown, path: readonly PropertyKey[]): [string, unknown][] {
  const value = valueAt(root, path);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** Items of a list; none where there is no list. */
export function itemsAt(root: unknown, path: readonly PropertyKey[]): unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}

/** `brains.a.provider`, `arms[2].brain`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

export function shownValue(value: unknown): string {
  if (typeof value === "string") return `"${value.length > 60 ? `${value.slice(0, 60)}...` : value}"`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return value === null || value === undefined ? "nothing" : JSON.stringify(value);
}
