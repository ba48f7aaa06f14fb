import {
  ATTEMPT_OBJECTS_BYTES,
  objectName,
  objectsOfLine,
  type CoordinatorRecord,
  type NodeId,
  type Projection,
  type StudyId,
} from "@redline/shared";

/** An object that a record names and that is not here yet. */
export interface ExpectedObject {
  readonly node: NodeId;
  readonly study: StudyId;
  /** In the node's bucket. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** When its record came, ms of the Unix epoch by the coordinator's clock of that time. */
  readonly sinceMs: number;
  tries: number;
  /** When to ask for it again, monotonic ms. */
  dueMs: number;
}

/**
 * Which objects must still come: those that records of the journal name and that are not on disk. Fed with every record from the
 * journal's first. A node can have objects taken only for attempts in which it has a part, and of one attempt so many bytes.
 */
export class ExpectedObjects {
  /** By node, then by name. */
  readonly #expected = new Map<NodeId, Map<string, ExpectedObject>>();
  /** Bytes that records of live attempts name, by node and attempt. */
  readonly #named = new Map<string, number>();
  #present: ReadonlyMap<string, ReadonlySet<string>>;

  /** @param present digests on disk by study, for the records that are replayed. */
  constructor(present: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#present = present;
  }

  /** The replay is over: what comes from here on is new. */
  replayed(): void {
    this.#present = new Map();
  }

  /** Takes the next record; `state` has it applied. */
  take({ body, at }: CoordinatorRecord, state: Projection): void {
    if (body.kind === "objects-removed") this.#forget(body.study);
    if (body.kind === "adjudicated" || body.kind === "invalid")
      for (const node of this.#expected.keys())
        this.#named.delete(`${node} ${body.key.trial}.${body.key.attempt}`);
    if (body.kind !== "node-record") return;
    const named = objectsOfLine(body.line);
    if (named?.record.key === undefined || named.record.node !== body.node) return;
    const { key } = named.record;
    const attempt = state.attempt(key);
    const study = state.trials.get(key.trial)?.study;
    if (attempt === undefined || study === undefined) return;
    if (body.node !== attempt.devices.origin && body.node !== attempt.devices.target) return;
    const place = `${body.node} ${key.trial}.${key.attempt}`;
    for (const { sha256, bytes } of named.objects) {
      const total = (this.#named.get(place) ?? 0) + bytes;
      if (total > ATTEMPT_OBJECTS_BYTES) return;
      this.#named.set(place, total);
      if (this.#present.get(study)?.has(sha256) === true) continue;
      const of = this.#expected.get(body.node) ?? new Map<string, ExpectedObject>();
      this.#expected.set(body.node, of);
      const name = objectName(key, sha256);
      const sinceMs = Date.parse(at);
      if (!of.has(name))
        of.set(name, { node: body.node, study, name, sha256, bytes, sinceMs, tries: 0, dueMs: 0 });
    }
  }

  /** Nodes of which something is expected. */
  nodes(): NodeId[] {
    return [...this.#expected].filter(([, of]) => of.size > 0).map(([node]) => node);
  }

  /** What is due of a node, at most so many. */
  due(node: NodeId, nowMs: number, most: number): ExpectedObject[] {
    const found: ExpectedObject[] = [];
    for (const one of this.#expected.get(node)?.values() ?? []) {
      if (found.length >= most) break;
      if (one.dueMs <= nowMs) found.push(one);
    }
    return found;
  }

  has(node: NodeId, name: string): boolean {
    return this.#expected.get(node)?.has(name) === true;
  }

  /** It is here, or will never come. */
  done({ node, name }: ExpectedObject): void {
    this.#expected.get(node)?.delete(name);
  }

  get size(): number {
    return [...this.#expected.values()].reduce((sum, of) => sum + of.size, 0);
  }

  #forget(study: StudyId): void {
    for (const of of this.#expected.values())
      for (const [name, one] of of) if (one.study === study) of.delete(name);
  }
}
