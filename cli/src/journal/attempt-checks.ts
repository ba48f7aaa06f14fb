import {
  AttemptChainVerifier,
  innerRecord,
  nodeRecordSchema,
  objectsOf,
  studyOfRecord,
  type CoordinatorRecord,
} from "@redline/shared";

/** What the records of a journal say of their attempts' own chains and of the objects that they name. */
export class AttemptChecks {
  readonly #chains = new Map<string, AttemptChainVerifier>();
  /** By study, then digest. */
  readonly named = new Map<string, Set<string>>();
  /** Studies whose objects were removed. */
  readonly removed = new Set<string>();
  #bad: { readonly at: string; readonly why: string } | null = null;
  #broken = 0;

  /** Chains of attempts on nodes. */
  get attempts(): number {
    return this.#chains.size;
  }
  /** The first record that breaks a chain, and how many do. */
  get bad(): { readonly at: string; readonly why: string; readonly more: number } | null {
    return this.#bad === null ? null : { ...this.#bad, more: this.#broken - 1 };
  }

  /** Takes the next record of the journal. @param line its number there. */
  take(taken: CoordinatorRecord, line: number): void {
    const { record, scope } = innerRecord(taken);
    const { body } = record;
    if (body.kind === "objects-removed") this.removed.add(body.study);
    if (body.kind !== "node-record") return;
    const parsed = readNode(body.line);
    if (parsed?.key === undefined) return;
    const { key, chain: link, seq } = parsed;
    const name = `${scope}:${body.node} ${key.trial}.${key.attempt}`;
    const chain = this.#chains.get(name) ?? new AttemptChainVerifier();
    this.#chains.set(name, chain);
    const why = chain.take(body.line, link);
    if (why !== null) {
      this.#broken += 1;
      this.#bad ??= {
        at: `line ${line}`,
        why: `record ${seq} of ${body.node}, ${key.trial}.${key.attempt}, ${why}`,
      };
    }
    const study = studyOfRecord(record);
    if (study === null) return;
    for (const { sha256 } of objectsOf(parsed)) {
      const of = this.named.get(study) ?? new Set<string>();
      this.named.set(study, of);
      of.add(sha256);
    }
  }
}

function readNode(line: string) {
  try {
    const parsed = nodeRecordSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
