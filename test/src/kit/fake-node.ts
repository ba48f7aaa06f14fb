import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { jetstream, type JetStreamClient, type JsMsg } from "@nats-io/jetstream";
import { connect, nkeyAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import {
  buckets,
  consumers,
  EMPTY_HEAD,
  EvidenceDigest,
  evidenceStatement,
  keyIdOf,
  keys,
  kvSubject,
  linkRecord,
  nodeIdSchema,
  openCommand,
  publicPem,
  signStatement,
  streams,
  studyIdSchema,
  subjects,
  type AttemptKey,
  type InterveneOrder,
  type Inventory,
  type PulseOrder,
  type Command,
  type Device,
  type NodeId,
  type NodeRecord,
  type NodeRecordBody,
  type ObservationBody,
  type RunOrder,
  type Snapshot,
} from "@redline/shared";
import { answerTo, pause } from "@redline/daemon";

export interface FakeNodeOptions {
  readonly node: string;
  /** Comma separated where there are several servers. */
  readonly url: string;
  /** Its NKey seed, where the server asks for one. */
  readonly seedFile?: string;
  readonly publicKey: KeyObject;
  readonly specimenSha256: string;
  readonly slots?: number;
  readonly labels?: Record<string, string>;
  /** How long an attempt runs; Infinity: until it is cancelled. */
  readonly runMs?: number;
  readonly everyMs?: number;
  /** The other fake nodes, in place of the request-reply between daemons. */
  readonly peers: Map<NodeId, FakeNode>;
}

const EMPTY_SNAPSHOT: Snapshot = {
  bootId: "boot",
  takenAt: "2026-01-01T00:00:00Z",
  tookMs: 1,
  processes: [],
  listeners: [],
  unstable: 0,
  cut: 0,
};

/** Speaks a node daemon's side of the protocol over real NATS; what it "observes" is an empty target cell. */
export class FakeNode implements AsyncDisposable {
  readonly node: NodeId;
  /** `<trial>.<attempt>` of each start, to find a double one. */
  readonly starts: string[] = [];
  /** When each attempt was accepted, monotonic ms of this process. */
  readonly acceptedMs = new Map<string, number>();
  readonly refusedCommands: string[] = [];
  runMs: number;
  /** Refuses run commands with this reason while it is set. */
  refuse: string | null = null;
  /** Takes nothing off its queue while it is set: gives each message up, or has it come again until the server gives up. */
  unread: "given-up" | "sent-back" | null = null;
  /** Every pulse that was signed for it, in the order of arrival. */
  readonly pulses: (Pick<PulseOrder, "beat" | "live"> & { readonly epoch: number })[] = [];
  /** What it says of its containment. */
  liveCopies = 0;
  selfTest: Inventory["selfTest"] = null;
  quarantinedWhy: string | null = null;
  /** What it answers to a self-test or a clear; null: nothing. */
  answer: { readonly done: boolean; readonly why: string } | null = { done: true, why: "" };
  /** Tokens of the one question that each attempt puts to its brain at once; 0: none is asked. */
  tokens = 0;
  /** An action for which each attempt asks a person at once, as question q1. */
  asks: string | null = null;
  /** What people did to attempts whose origin it is, in the order of arrival, repeats too. */
  readonly acts: InterveneOrder[] = [];
  /** Whether it answers such an act. */
  answersActs = true;
  /** Orders of attempts that it took, by `<trial>.<attempt>`. */
  readonly orders = new Map<string, RunOrder>();
  /** Whether it signs its records before it closes a device. */
  seals = true;
  readonly #sealKey = generateKeyPairSync("ed25519").privateKey;
  readonly #sealed = new Map<string, { digest: EvidenceDigest; devices: Set<Device> }>();
  readonly #options: FakeNodeOptions;
  readonly #instance = randomUUID();
  readonly #ended = new AbortController();
  readonly #running = new Map<string, AbortController>();
  readonly #parts = new Map<string, AttemptKey>();
  readonly #lines: string[] = [];
  readonly #loops: Promise<void>[] = [];
  #head = EMPTY_HEAD;
  #published = 0;
  #silent = false;
  #connection: NatsConnection | null = null;

  static async start(options: FakeNodeOptions): Promise<FakeNode> {
    const node = new FakeNode(options);
    options.peers.set(node.node, node);
    await node.#connect();
    return node;
  }

  private constructor(options: FakeNodeOptions) {
    this.#options = options;
    this.node = nodeIdSchema.parse(options.node);
    this.runMs = options.runMs ?? 20;
  }

  /** Falls silent for ever, as a machine without power. */
  goSilent(): void {
    this.#silent = true;
    this.#ended.abort();
    for (const run of this.#running.values()) run.abort();
  }

  /** Publishes any bytes on any subject, as a compromised node could with wider rights. */
  async publishRaw(subject: string, data: string): Promise<void> {
    await this.#js().publish(subject, data);
  }

  /** Puts a record in this node's chain and sends it. */
  write(body: NodeRecordBody, key?: AttemptKey): void {
    const record: Omit<NodeRecord, "seq" | "prev"> = {
      v: 1,
      node: this.node,
      bootId: "boot",
      at: new Date().toISOString(),
      monoMs: performance.now(),
      ...(key === undefined ? {} : { key }),
      body,
    };
    const linked = linkRecord(this.#head, record);
    this.#head = linked.head;
    this.#lines.push(linked.line);
    if (key === undefined) return;
    const name = `${key.trial}.${key.attempt}`;
    const { digest, devices } = this.#sealed.get(name) ?? {
      digest: new EvidenceDigest(),
      devices: new Set(),
    };
    this.#sealed.set(name, { digest, devices });
    digest.take(linked.line, linked.head.seq);
    if ("device" in body) devices.add(body.device);
  }

  /** Signs what it wrote of an attempt, as the node daemon does. */
  seal(key: AttemptKey): void {
    const written = this.#sealed.get(`${key.trial}.${key.attempt}`);
    if (!this.seals || written === undefined) return;
    const study = studyIdSchema.parse(key.trial.replace(/-\d+$/, ""));
    const facts = { study, key, node: this.node, bootId: "boot", version: "test" };
    const devices = [...written.devices];
    const payload = evidenceStatement({ ...facts, devices, digest: written.digest.value() });
    const sig = signStatement(payload, this.#sealKey);
    this.write({ kind: "sealed", payload, keyid: keyIdOf(this.#sealKey), sig }, key);
  }

  /** The record that would come next, unsent. */
  craft(body: NodeRecordBody, node: NodeId, key: AttemptKey, seq: number): string {
    const record = { v: 1, node, bootId: "boot", at: new Date().toISOString(), monoMs: 1, key, body };
    return JSON.stringify({ ...record, seq, prev: "0".repeat(64) });
  }

  async #connect(): Promise<void> {
    const { seedFile } = this.#options;
    const seed = seedFile === undefined ? null : await readFile(seedFile, "utf8");
    const connection = await connect({
      ...(seed === null ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.trim())) }),
      servers: this.#options.url.split(","),
      name: this.node,
      inboxPrefix: `_INBOX_${this.node}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    this.#connection = connection;
    const control = connection.subscribe(subjects.control(this.node));
    this.#loops.push(
      (async () => {
        for await (const message of control) {
          const command = this.#silent ? null : this.#open(message.data);
          if (command === null) continue;
          await this.#obey(command);
          const { verb } = command.order;
          const told =
            verb === "self-test" || verb === "clear"
              ? this.answer
              : verb === "intervene" && !this.answersActs
                ? null
                : { done: true, why: "" };
          const send = answerTo(connection, message, this.node, (asker) => asker.startsWith("coordinator"));
          if (told !== null) send?.(JSON.stringify({ v: 1, running: this.#running.size, ...told }));
        }
      })(),
      this.#outbox(),
      this.#heartbeat(),
      this.#commands(),
    );
    const publicKey = publicPem(this.#sealKey);
    this.write({ kind: "node-started", version: "test", instance: this.#instance, publicKey });
  }

  #js(): JetStreamClient {
    if (this.#connection === null) throw new Error("not connected");
    return jetstream(this.#connection);
  }

  #over(): boolean {
    return this.#ended.signal.aborted;
  }

  async #outbox(): Promise<void> {
    while (!this.#over()) {
      const line = this.#lines[this.#published];
      if (line === undefined) {
        await pause(2, this.#ended.signal);
        continue;
      }
      try {
        await this.#js().publish(subjects.record(this.node), line, {
          msgID: `${this.node}.${this.#published + 1}.${this.#instance}`,
          timeout: 1000,
        });
        this.#published += 1;
      } catch {
        await pause(100, this.#ended.signal);
      }
    }
  }

  async #heartbeat(): Promise<void> {
    while (!this.#over()) {
      const puts = [
        this.#put(buckets.inventory, keys.inventory(this.node), this.#inventory()),
        ...[...this.#parts.values()].map((key) =>
          this.#put(buckets.lease, keys.lease(this.node, key.trial), {
            v: 1,
            node: this.node,
            ...key,
            phase: "run",
          }),
        ),
      ];
      await Promise.allSettled(puts);
      await pause(this.#options.everyMs ?? 200, this.#ended.signal);
    }
  }

  async #put(bucket: string, key: string, value: unknown): Promise<void> {
    await this.#js().publish(kvSubject(bucket, key), JSON.stringify(value), { timeout: 1000 });
  }

  #inventory() {
    return {
      v: 1,
      node: this.node,
      bootId: "boot",
      instance: this.#instance,
      version: "test",
      protocols: [1],
      state: this.quarantinedWhy === null ? "ready" : "quarantined",
      reason: this.quarantinedWhy ?? "",
      labels: this.#options.labels ?? {},
      slots: this.#options.slots ?? 2,
      slotsInUse: this.#parts.size,
      liveCopies: this.liveCopies,
      selfTest: this.selfTest,
      cpus: 1,
      memoryMiB: 1024,
      gpus: [],
      specimens: [{ name: "tiny", sha256: this.#options.specimenSha256 }],
      kernel: "test",
      tools: {},
    };
  }

  async #commands(): Promise<void> {
    while (!this.#over()) {
      try {
        const consumer = await this.#js().consumers.get(streams.commands, consumers.commandsOf(this.node));
        while (!this.#over()) {
          const message = await consumer.next({ expires: 1000 });
          if (message === null || this.#over()) continue;
          if (this.unread !== null) {
            if (this.unread === "given-up") message.term();
            else message.nak();
            continue;
          }
          const command = this.#open(message.data);
          // `accepted` is in the chain before the acknowledgement.
          const obeyed = command === null ? Promise.resolve() : this.#obey(command);
          await this.#ack(message);
          void obeyed;
        }
      } catch {
        await pause(100, this.#ended.signal);
      }
    }
  }

  /** Until the server confirms it: an ack without a connection vanishes. */
  async #ack(message: JsMsg): Promise<void> {
    for (let tries = 0; tries < 20 && !this.#over(); tries += 1) {
      if (await message.ackAck({ timeout: 500 }).catch(() => false)) return;
      await pause(100, this.#ended.signal);
    }
  }

  #open(data: Uint8Array): Command | null {
    const context = { publicKey: this.#options.publicKey, node: this.node, nowMs: Date.now(), minEpoch: 1 };
    const opened = openCommand(data, context);
    if (opened.ok) return opened.command;
    this.refusedCommands.push(opened.why);
    return null;
  }

  async #obey(command: Command): Promise<void> {
    const { order } = command;
    if (order.verb === "run") {
      this.#run(order, command.id);
      return;
    }
    if (order.verb === "pulse") {
      this.pulses.push({ epoch: command.epoch, beat: order.beat, live: order.live });
      return;
    }
    if (order.verb === "intervene") {
      this.#takeAct(order);
      return;
    }
    if (this.answer?.done === true) {
      if (order.verb === "self-test") this.#testSelf();
      if (order.verb === "clear") this.#clear(order.who, order.reason);
    }
    if (order.verb !== "stop" && order.verb !== "cancel") return;
    for (const [name, run] of this.#running)
      if (order.verb === "stop" || name === `${order.trial}.${order.attempt}`) run.abort();
    await pause(5);
    while (order.verb === "stop" && this.#running.size > 0) await pause(5);
  }

  #testSelf(): void {
    const cases = [{ id: "tcp-outside", outcome: "stopped" as const, by: "guard", detail: "" }];
    const report = { bootId: "boot", driver: "fake 1", green: true, cases, tookMs: 1 };
    this.write({ kind: "self-test", report });
    const counts = { stopped: 1, detected: 0, notTested: 0, escaped: [] };
    this.selfTest = { at: new Date().toISOString(), green: true, ...counts };
  }

  /** As a node that found something which survived. */
  quarantine(why: string): void {
    this.quarantinedWhy = why;
    this.write({ kind: "breach", breach: "survivor", detail: why, killed: 1 });
    this.write({ kind: "quarantined", why });
  }

  #clear(who: string, why: string): void {
    this.quarantinedWhy = null;
    this.write({ kind: "cleared", who, why });
  }

  /** As the origin of an attempt: the act and, for a decision, what it decided; a repeat changes nothing. */
  #takeAct(order: InterveneOrder): void {
    const { trial, attempt, who, why, act } = order;
    const key = this.#parts.get(`${trial}.${attempt}`);
    const known = this.acts.some((taken) => JSON.stringify(taken) === JSON.stringify(order));
    this.acts.push(order);
    if (key === undefined || known || !this.answersActs) return;
    this.write({ kind: "intervened", who, why, act }, key);
    if (act.do === "decide") this.#approve(key, act.id, act.allow ? "allow" : "deny", who, why);
  }

  #approve(key: AttemptKey, id: string, decision: "asked" | "allow" | "deny", who: string, why: string) {
    this.write({ kind: "approval", id, action: this.asks ?? "", pattern: "*", decision, who, why }, key);
  }

  /** One question to the brain and its price, as the broker journals them. */
  #exchange(key: AttemptKey): void {
    const used = { promptTokens: this.tokens - 1, completionTokens: 1, costUsd: this.tokens / 1e6 };
    const request = { sha256: "a".repeat(64), bytes: 2, messages: 1 };
    this.write({ kind: "exchange", number: 1, request, dropped: 0, ...used, tookMs: 1, waitedMs: 0 }, key);
  }

  #run(order: RunOrder, id: string): void {
    const name = `${order.key.trial}.${order.key.attempt}`;
    if (this.starts.includes(name)) return;
    if (this.refuse !== null) {
      this.write({ kind: "refused", why: this.refuse, fault: "node-refused" }, order.key);
      return;
    }
    this.starts.push(name);
    this.acceptedMs.set(name, performance.now());
    this.orders.set(name, order);
    this.write({ kind: "accepted", device: "origin", command: id }, order.key);
    const run = new AbortController();
    this.#running.set(name, run);
    this.#parts.set(name, order.key);
    void this.#lead(order, name, run.signal);
  }

  async #lead(order: RunOrder, name: string, cancelled: AbortSignal): Promise<void> {
    const { key, devices } = order;
    if (this.tokens > 0) this.#exchange(key);
    if (this.asks !== null) this.#approve(key, "q1", "asked", "policy", "");
    const target = this.#options.peers.get(devices.target);
    if (target !== this) target?.join(key, name, order.key.trial);
    await pause(Number.isFinite(this.runMs) ? this.runMs : 3_600_000, cancelled);
    if (this.#silent) return;
    const outcome = cancelled.aborted ? "cancelled" : "completed";
    if (outcome === "completed") {
      const watcher = target ?? this;
      watcher.observe(key, { kind: "baseline", snapshot: EMPTY_SNAPSHOT, original: [] });
      watcher.observe(key, { kind: "snapshot", moment: "after-run", snapshot: EMPTY_SNAPSHOT });
      this.write({ kind: "run-ended", end: "finished", detail: "", turns: 3, tokens: 30 }, key);
    }
    this.write({ kind: "phase", phase: "run", ms: 12 }, key);
    this.write({ kind: "attempt-ended", outcome, detail: outcome }, key);
    if (target !== undefined && target !== this) target.leave(key, name, "target");
    this.leave(key, name, "origin");
  }

  /** As the target of another node's attempt. */
  join(key: AttemptKey, name: string, command: string): void {
    this.#parts.set(name, key);
    this.write({ kind: "accepted", device: "target", command }, key);
  }

  observe(key: AttemptKey, body: ObservationBody): void {
    this.write({ kind: "observation", device: "target", body }, key);
  }

  leave(key: AttemptKey, name: string, device: Device): void {
    const proof = {
      processes: 0,
      namespaces: 0,
      interfaces: 0,
      mounts: 0,
      listeners: 0,
      tookMs: 1,
      left: [],
    };
    this.write({ kind: "cell-gone", device, cell: name, proof: { ...proof, clean: true } }, key);
    this.seal(key);
    this.write({ kind: "device-closed", device }, key);
    this.#running.delete(name);
    this.#parts.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silent = true;
    this.#ended.abort();
    for (const run of this.#running.values()) run.abort();
    await this.#connection?.close();
    await Promise.allSettled(this.#loops);
  }
}
