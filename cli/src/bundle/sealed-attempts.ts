import {
  innerRecord,
  isOfAttempt,
  keyIdOf,
  nodeRecordSchema,
  nodesInOrder,
  readPublicPem,
  readRecordHead,
  type CoordinatorRecord,
  type CoordinatorRecordBody,
  type NodeId,
  type NodeRecordBody,
  type Projection,
} from "@redline/shared";

type AttemptSealed = Extract<CoordinatorRecordBody, { kind: "attempt-sealed" }>;
type Seal = Extract<NodeRecordBody, { kind: "sealed" }>;

/** One node's part of a sealed attempt: the lines under its seal, the seal, and its key at that time. */
export interface SealedNode {
  readonly node: NodeId;
  readonly lines: readonly string[];
  readonly seal: Seal;
  readonly pem: string;
}
export interface SealedAttempt {
  readonly body: AttemptSealed;
  /** In the order of a bundle; a node without a seal or a key is left out. */
  readonly nodes: readonly SealedNode[];
}

interface Kept {
  readonly lines: string[];
  /** The newest seal, and how many lines stood before it. */
  seal: { readonly said: Seal; readonly before: number } | null;
}

/** Picks the sealed attempts of one trial out of a coordinator's journal, record by record. */
export class SealedAttempts {
  readonly #trial: string;
  readonly #kept = new Map<string, Kept>();
  readonly #keys = new Map<string, string>();
  readonly #sealed = new Map<number, SealedAttempt>();

  constructor(trial: string) {
    this.#trial = trial;
  }

  /** By number of the attempt. */
  get all(): ReadonlyMap<number, SealedAttempt> {
    return this.#sealed;
  }

  /** Takes the next record; `state` is that of the records before it. */
  take(taken: CoordinatorRecord, state: Projection): void {
    const { record, scope } = innerRecord(taken);
    const { body } = record;
    if (body.kind === "node-record") this.#takeLine(body.node, body.line, scope);
    if (body.kind !== "attempt-sealed" || body.key.trial !== this.#trial) return;
    const attempt = state.attempt(body.key);
    if (attempt === undefined) return;
    const nodes = nodesInOrder(attempt.devices).flatMap((node) => {
      const kept = this.#kept.get(nameOf(body.key.attempt, node, scope));
      const pem = this.#keys.get(nameOf(0, node, scope));
      if (kept?.seal == null || pem === undefined) return [];
      return [{ node, lines: kept.lines.slice(0, kept.seal.before), seal: kept.seal.said, pem }];
    });
    this.#sealed.set(body.key.attempt, { body, nodes });
  }

  #takeLine(node: NodeId, line: string, scope: string): void {
    const head = readRecordHead(line);
    if (head?.node !== node) return;
    if (head.body.kind === "node-started") this.#takeKey(nameOf(0, node, scope), line);
    const { key } = head;
    if (key === undefined || !isOfAttempt(key, { trial: this.#trial, attempt: key.attempt })) return;
    if (this.#sealed.has(key.attempt)) return;
    const name = nameOf(key.attempt, node, scope);
    const kept = this.#kept.get(name) ?? { lines: [], seal: null };
    this.#kept.set(name, kept);
    const seal = head.body.kind === "sealed" ? bodyOf(line) : null;
    if (seal?.kind === "sealed") kept.seal = { said: seal, before: kept.lines.length };
    kept.lines.push(line);
  }

  #takeKey(name: string, line: string): void {
    const body = bodyOf(line);
    const pem = body?.kind === "node-started" ? (body.publicKey ?? "") : "";
    if (readPublicPem(pem) === null) this.#keys.delete(name);
    else this.#keys.set(name, pem);
  }
}

/** Nodes of another lab, with which a study came, may have the names of nodes here. */
const nameOf = (attempt: number, node: string, scope: string) => `${scope}:${attempt}/${node}`;

function bodyOf(line: string): NodeRecordBody | null {
  const parsed = nodeRecordSchema.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data.body : null;
}

/** The id of a key in PEM that was read before. */
export function idOfPem(pem: string): string {
  const key = readPublicPem(pem);
  return key === null ? "" : keyIdOf(key);
}
