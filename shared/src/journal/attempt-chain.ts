import type { AttemptKey } from "../ids.ts";
import { CHAIN_START, lineHash } from "./chain.ts";

/** Place of a record in its node's chain of one attempt. */
export interface AttemptLink {
  readonly n: number;
  readonly prev: string;
}
/** The newest record of an attempt on one node: how many there are, and the sha256 of its line. */
export interface AttemptHead {
  readonly n: number;
  readonly hash: string;
}
const EMPTY: AttemptHead = { n: 0, hash: CHAIN_START };

const nameOf = ({ trial, attempt }: Pick<AttemptKey, "trial" | "attempt">) => `${trial}.${attempt}`;

/** Why a record does not follow the one before it in its attempt; null where it does. One without a link, of an old daemon, follows as long as none before it had one. */
export function whyNotNext(
  before: AttemptHead & { readonly linked: boolean },
  link: AttemptLink | undefined,
): string | null {
  if (link === undefined)
    return before.linked ? "has no place in the attempt's chain, and the one before it has" : null;
  if (link.n !== before.n + 1)
    return `is number ${link.n} of the attempt and stands after number ${before.n}`;
  return link.prev === before.hash ? null : "does not link to the attempt's record before it";
}

/** One node's own heads, by attempt; records from before links were written count as well. */
export class AttemptHeads {
  readonly #heads = new Map<string, AttemptHead>();

  /** The link that the next record of the attempt gets. */
  next(key: AttemptKey): AttemptLink {
    const { n, hash } = this.#heads.get(nameOf(key)) ?? EMPTY;
    return { n: n + 1, prev: hash };
  }

  /** @param hash sha256 of the line of the attempt's newest record. */
  moved(key: AttemptKey, hash: string): void {
    const name = nameOf(key);
    this.#heads.set(name, { n: (this.#heads.get(name)?.n ?? 0) + 1, hash });
  }
}

/** Checks the chain of one attempt on one node, line by line, from its first record. */
export class AttemptChainVerifier {
  #before = { ...EMPTY, linked: false };
  #broken: string | null = null;

  /** Records taken, and whether they are linked. */
  get head(): AttemptHead & { readonly linked: boolean } {
    return this.#before;
  }
  /** What broke it first, or null. */
  get broken(): string | null {
    return this.#broken;
  }

  /** @returns why this line breaks the chain; null where it does not. The chain goes on from it, so that each break is told once. */
  take(line: string, link: AttemptLink | undefined): string | null {
    const why = whyNotNext(this.#before, link);
    this.#broken ??= why;
    this.#before = {
      n: link?.n ?? this.#before.n + 1,
      hash: lineHash(line),
      linked: this.#before.linked || link !== undefined,
    };
    return why;
  }
}

/**
 * Checks the chains of many attempts of many nodes as their records arrive. Memory is bounded: the attempts that were quiet for
 * longest are forgotten, and what comes of one of them afterwards is taken as it is.
 */
export class AttemptChains {
  readonly #most: number;
  readonly #known = new Map<string, AttemptChainVerifier>();
  #forgot = false;

  constructor(most = 20_000) {
    this.#most = most;
  }

  /** @returns why the record breaks its attempt's chain on its node, or null. */
  take(node: string, key: AttemptKey, link: AttemptLink | undefined, line: string): string | null {
    const name = `${node} ${nameOf(key)}`;
    const chain = this.#known.get(name) ?? new AttemptChainVerifier();
    const forgotten = !this.#known.delete(name) && this.#forgot && (link?.n ?? 1) > 1;
    this.#known.set(name, chain);
    if (this.#known.size > this.#most) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
      this.#forgot = true;
    }
    const why = chain.take(line, link);
    return forgotten ? null : why;
  }
}
