import type { CoordinatorName, NodeId, TrialId } from "./ids.ts";

/**
 * Every NATS subject, stream, consumer and bucket of Redline, and nowhere else. Publish form and
 * subscribe form stand side by side. The major version is part of the subject.
 */
const ROOT = "redline.v1";

export type CommandVerb = "run" | "cancel" | "stop" | "pulse" | "self-test" | "clear" | "intervene";
/** A daemon's name on the bus: a node's id, or a coordinator's name. */
export type BusName = NodeId | CoordinatorName;
export type PeerVerb = "reserve" | "watch" | "challenge" | "release";

export const subjects = {
  /** Durable commands to one node (stream CMD, one consumer a node). */
  command: (node: NodeId, verb: CommandVerb) => `${ROOT}.cmd.${node}.${verb}`,
  commandsOf: (node: NodeId) => `${ROOT}.cmd.${node}.*`,
  allCommands: `${ROOT}.cmd.>`,

  /** Journal records of a node (stream EVT). */
  record: (node: NodeId) => `${ROOT}.evt.${node}`,
  allRecords: `${ROOT}.evt.*`,

  /** Fast path only, never the only path: signed commands over core NATS. */
  control: (node: NodeId) => `${ROOT}.ctl.${node}`,
  controlAll: `${ROOT}.ctl.all`,

  /** Signed kills: end everything of every node, without the coordinator. */
  kill: `${ROOT}.kill`,

  /** Request-reply between the daemons of one attempt; the sender's name is a token, so that permissions can bind it. */
  peer: (from: NodeId, to: NodeId, verb: PeerVerb) => `${ROOT}.peer.${from}.${to}.${verb}`,
  peersTo: (to: NodeId) => `${ROOT}.peer.*.${to}.*`,
  peersFrom: (from: NodeId) => `${ROOT}.peer.${from}.>`,

  /**
   * Where every request of one daemon to another is answered: who answers and who asked are tokens, so that permissions bind the first
   * to its sender and no right to answer has to be handed out with a request. `id`: one token, chosen by the asker.
   */
  answer: (by: BusName, to: BusName, id: string) => `${ROOT}.ans.${by}.${to}.${id}`,
  answersBy: (by: BusName) => `${ROOT}.ans.${by}.>`,
  answersTo: (to: BusName) => `${ROOT}.ans.*.${to}.*`,
  /** The answer to one question, whichever coordinator leads. */
  answerOfAny: (to: BusName, id: string) => `${ROOT}.ans.*.${to}.${id}`,

  /** A node asks for the coordinator's clock. */
  time: (node: NodeId) => `${ROOT}.time.${node}`,
  allTimes: `${ROOT}.time.*`,

  /** The server says of a command that its node never took it: delivered too often, or given up by the node (stream ADV). */
  commandGivenUp: [
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.CMD.*",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.CMD.*",
  ],

  /**
   * Lines of the coordinator's journal, as the leader wrote them (stream JRN). `token`: known to whoever has the signing key, so that
   * nobody else can have the server lay its answers there.
   */
  journal: (token: string) => `${ROOT}.jrn.lines.${token}`,
  allJournals: `${ROOT}.jrn.lines.*`,
  /** A standby asks the leader for lines that the stream has no more. */
  journalOlder: `${ROOT}.jrn.older`,
} as const;

export const streams = {
  /** Work queue of signed commands. */
  commands: "CMD",
  /** Records of all nodes, kept for a week as transport; the journals are the truth. */
  records: "EVT",
  /** What the server says of commands that no node took; see `commandGivenUp`. */
  advisories: "ADV",
  /** The coordinator's journal, for a standby: appended by compare-and-set on its last number, which fences a deposed leader. */
  journal: "JRN",
} as const;

export const consumers = {
  commandsOf: (node: NodeId) => `n-${node}`,
  records: "coord",
  advisories: "given-up",
} as const;

export const buckets = {
  /** Node writes `<node>.<trial>` every few seconds while an attempt runs. */
  lease: "lease",
  /** Node writes `<node>` every few seconds and on change. */
  inventory: "inv",
  /** Coordinator only; trials by compare-and-set only. */
  trial: "trial",
  /** One key, see `keys.leader`: which coordinator leads, compare-and-set only. */
  lead: "lead",
} as const;

/** A node's own bucket of the object store, for what is too large for records. */
export const objectBucket = (node: NodeId) => `ev-${node}`;

export const keys = {
  lease: (node: NodeId, trial: TrialId) => `${node}.${trial}`,
  inventory: (node: NodeId) => node,
  trial: (trial: TrialId) => trial,
  /** In the bucket `trial`, of no trial: written again and again to see whether the bus stores anything. */
  busProbe: "bus-probe",
  /** `token` as in `subjects.journal`. */
  leader: (token: string) => `leader-${token}`,
} as const;

/** JetStream's own subject of a KV key: what a node may publish to without any KV read right. */
export const kvSubject = (bucket: string, key: string) => `$KV.${bucket}.${key}`;

/** The three names in the subject of an answer; null for any other subject. */
export function answerParts(subject: string): { by: string; to: string; id: string } | null {
  const tokens = subject.split(".");
  const [by = "", to = "", id = ""] = tokens.slice(-3);
  if (id === "" || [by, to, id].some((token) => !/^[A-Za-z0-9_-]+$/.test(token))) return null;
  return subject === `${ROOT}.ans.${by}.${to}.${id}` ? { by, to, id } : null;
}
