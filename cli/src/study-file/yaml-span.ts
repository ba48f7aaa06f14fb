import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair } from "yaml";

export interface Span {
  readonly offset: number;
  readonly length: number;
}
type Path = readonly PropertyKey[];
const START: Span = { offset: 0, length: 1 };

/** Where a value stands; a mapping, a list or nothing at all is pointed at by its key. */
export function spanOfValue(doc: Document, path: Path): Span {
  const { node, key } = find(doc, path);
  if (isScalar(node) || isAlias(node)) {
    const span = spanOf(node);
    if (span !== null && span.length > 0) return span;
  }
  return key ?? spanOf(node) ?? START;
}

/** Where a key of the mapping at `path` stands; of several that are written alike the last. */
export function spanOfKey(doc: Document, path: Path, key: PropertyKey): Span {
  return find(doc, [...path, key]).key ?? spanOfValue(doc, path);
}

/** Walks as far as the document goes: the last node that is there, and the key (or entry) which names it. */
function find(doc: Document, path: Path): { node: Node | null; key: Span | null } {
  let node: Node | null = doc.contents;
  let key: Span | null = null;
  for (const part of path) {
    const holder: Node | null = isAlias(node) ? (node.resolve(doc) ?? null) : node;
    if (isMap(holder)) {
      const pair: Pair | undefined = holder.items.findLast((item) => nameOf(item.key) === String(part));
      if (pair === undefined) break;
      key = isNode(pair.key) ? spanOf(pair.key) : key;
      node = isNode(pair.value) ? pair.value : null;
    } else if (isSeq(holder)) {
      const item: unknown = holder.items[Number(part)];
      if (!isNode(item)) break;
      node = item;
      key = spanOf(item);
    } else break;
  }
  return { node, key };
}

const nameOf = (key: unknown) => String(isScalar(key) ? key.value : key);

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function spanOf(node: Node | null): Span | null {
  const range = node?.range;
  return range === null || range === undefined ? null : { offset: range[0], length: range[1] - range[0] };
}
