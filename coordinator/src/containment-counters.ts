import {
  parseNodeLine,
  type Breach,
  type CoordinatorRecord,
  type EmptiedBy,
  type NodeId,
} from "@redline/shared";

/** What is told of containment, each fact once. */
export interface ContainmentSink {
  breach(kind: Breach, times: number): void;
  emptied(by: EmptiedBy, seconds: number): void;
  /** Packets that the guards of cells dropped beyond those that were told before. */
  dropped(kind: string, packets: number): void;
}

/** Kinds of packets that a guard tells apart; no other becomes a label. */
export const DROP_KINDS = ["tcp", "udp", "icmp", "ipv6", "arp", "forged", "other"] as const;

/** Only lines with one of these are worth parsing once more. */
const TELLING = /"kind":"(?:breach|emptied|sterile|drops)"/;
/** Guards of cells that are remembered; a record of one that was forgotten would count its packets twice. */
const MOST_GUARDS = 10_000;
/** Kills that wait to be told: nobody may ask for long. */
const MOST_WAITING = 10_000;

/**
 * Breaches, kills and dropped packets as counters. Every record of the journal goes through here, those of earlier starts too, so that
 * a restart hides nothing. A sterility proof that failed is a survivor, whether the node calls it a breach as well or not.
 */
export class ContainmentCounters {
  /** Not told yet. */
  readonly #breaches = new Map<Breach, number>();
  readonly #dropped = new Map<string, number>();
  #emptied: { readonly by: EmptiedBy; readonly seconds: number }[] = [];
  /** Packets by kind of each guard: its records repeat what it dropped since it was up. */
  readonly #guards = new Map<string, Map<string, number>>();
  readonly #survivors = new Map<NodeId, { proofs: number; breaches: number }>();

  /** Tells what came since the last call. */
  drain(sink: ContainmentSink): void {
    for (const [kind, times] of this.#breaches) sink.breach(kind, times);
    for (const [kind, packets] of this.#dropped) sink.dropped(kind, packets);
    for (const { by, seconds } of this.#emptied) sink.emptied(by, seconds);
    this.#breaches.clear();
    this.#dropped.clear();
    this.#emptied = [];
  }

  take({ body }: Pick<CoordinatorRecord, "body">): void {
    if (body.kind === "lab-breach") add(this.#breaches, body.breach, 1);
    if (body.kind === "node-record" && TELLING.test(body.line)) this.#takeNode(body.line);
  }

  #takeNode(line: string): void {
    const parsed = parseNodeLine(line);
    if (!parsed.ok) return;
    const { node, key, body } = parsed.record;
    switch (body.kind) {
      case "breach":
        if (body.breach === "survivor") this.#survived(node, "breaches");
        else add(this.#breaches, body.breach, 1);
        break;
      case "sterile":
        if (!body.proof.clean || body.proof.checks.some(({ clean }) => clean === false))
          this.#survived(node, "proofs");
        break;
      case "emptied":
        if (this.#emptied.length >= MOST_WAITING) this.#emptied.shift();
        this.#emptied.push({ by: body.by, seconds: Math.max(0, body.tookMs) / 1000 });
        break;
      case "observation":
        if (body.body.kind === "drops" && key !== undefined)
          this.#drops(`${node} ${key.trial} ${key.attempt} ${body.device}`, body.body.kinds);
        break;
      default:
    }
  }

  /** One event may be told as a proof and as a breach, in either order: the larger of the two counts is how many there were. */
  #survived(node: NodeId, told: "proofs" | "breaches"): void {
    const counts = this.#survivors.get(node) ?? { proofs: 0, breaches: 0 };
    this.#survivors.set(node, counts);
    const before = Math.max(counts.proofs, counts.breaches);
    counts[told] += 1;
    if (Math.max(counts.proofs, counts.breaches) > before) add(this.#breaches, "survivor", 1);
  }

  #drops(guard: string, kinds: Readonly<Record<string, number>>): void {
    const before = this.#guards.get(guard) ?? new Map<string, number>();
    this.#guards.delete(guard);
    this.#guards.set(guard, before);
    const [oldest] = this.#guards.keys();
    if (this.#guards.size > MOST_GUARDS && oldest !== undefined) this.#guards.delete(oldest);
    for (const kind of DROP_KINDS) {
      const packets = Object.hasOwn(kinds, kind) ? (kinds[kind] ?? 0) : 0;
      const more = packets - (before.get(kind) ?? 0);
      if (more <= 0) continue;
      before.set(kind, packets);
      add(this.#dropped, kind, more);
    }
  }
}

const add = <K>(counts: Map<K, number>, key: K, more: number) =>
  counts.set(key, (counts.get(key) ?? 0) + more);
