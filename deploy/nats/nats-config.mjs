// @ts-check
import { createUser, fromPublic } from "@nats-io/nkeys";
import { inboxPrefixOf } from "@redline/daemon";
import { buckets, consumers, kvSubject, nodeIdSchema, streams, subjects } from "@redline/shared";

/**
 * The configuration of Redline's nats-server: one named account, one NKey user a role, and for each role
 * only the subjects that its daemon uses. Needs the built packages (`npm run build`), whose subject
 * builders are used here so that no subject is spelled twice.
 */

/** The coordinator's name on the bus; its inbox prefix hangs on it. */
export const COORDINATOR = "coordinator";
/** Node ids that would share a subject or an inbox with something else. */
const RESERVED = new Set([COORDINATOR, "all"]);

/**
 * A node answers its peers by a right that the server grants with each request. A challenge may take the
 * time to settle and the window in which a copy must live on (up to an hour each) and 25 minutes of questions.
 */
const ANSWER_WITHIN = "150m";

const publicKeyPattern = /^U[A-Z2-7]{55}$/;

/** @param {Pick<import("./nats-config.mjs").NatsConfigOptions, "nodes" | "publicKeys">} options */
function checkedRoles({ nodes, publicKeys = {} }) {
  const problems = [];
  if (nodes.length === 0) problems.push("at least one node is needed");
  for (const [i, node] of nodes.entries()) {
    if (!nodeIdSchema.safeParse(node).success) problems.push(`"${node}" is not a node id`);
    if (RESERVED.has(node)) problems.push(`"${node}" is a reserved name`);
    if (nodes.indexOf(node) !== i) problems.push(`"${node}" is named twice`);
  }
  const roles = [COORDINATOR, ...nodes];
  for (const [role, key] of Object.entries(publicKeys)) {
    if (!roles.includes(role)) problems.push(`a public key is given for "${role}", which is no role`);
    if (!publicKeyPattern.test(key) || !isPublicKey(key))
      problems.push(`${role}: "${key}" is not a public user key`);
  }
  const keys = Object.values(publicKeys);
  if (new Set(keys).size !== keys.length) problems.push("two roles have the same public key");
  if (problems.length > 0) throw new RangeError(problems.join("; "));
  return roles;
}

/** @param {string} key */
function isPublicKey(key) {
  try {
    fromPublic(key);
    return true;
  } catch {
    return false;
  }
}

/** @type {typeof import("./nats-config.mjs").makeNatsConfig} */
export function makeNatsConfig(options) {
  const roles = checkedRoles(options);
  /** @type {Record<string, string>} */
  const seeds = {};
  /** @type {Record<string, string>} */
  const publicKeys = {};
  for (const role of roles) {
    const given = options.publicKeys?.[role];
    if (given !== undefined) {
      publicKeys[role] = given;
      continue;
    }
    const pair = createUser();
    seeds[role] = new TextDecoder().decode(pair.getSeed());
    publicKeys[role] = pair.getPublicKey();
    pair.clear();
  }
  const nodes = options.nodes.map((node) => nodeIdSchema.parse(node));
  const users = [
    user(COORDINATOR, publicKeys, coordinatorRights()),
    ...nodes.map((node) => user(node, publicKeys, nodeRights(node))),
  ];
  const config = [...serverLines(options), ...accountLines(users), ""].join("\n");
  return { config, seeds, publicKeys };
}

const KV = Object.values(buckets).map((bucket) => `KV_${bucket}`);
const OWN_STREAMS = [...Object.values(streams), ...KV];

/** It makes streams, consumers and buckets by itself, so it holds the rights for that; it deletes no stream and writes no record. */
function coordinatorRights() {
  return {
    publish: {
      allow: [
        subjects.allCommands,
        // Control messages to a node, or to all of them.
        subjects.control(nodeIdSchema.parse("any")).replace(/any$/, "*"),
        // `redline kill` logs in as the coordinator: it needs its key anyway.
        subjects.kill,
        "$JS.API.INFO",
        ...OWN_STREAMS.flatMap((stream) => [
          `$JS.API.STREAM.CREATE.${stream}`,
          `$JS.API.STREAM.INFO.${stream}`,
          `$JS.API.CONSUMER.CREATE.${stream}.>`,
          `$JS.API.CONSUMER.INFO.${stream}.*`,
          `$JS.API.CONSUMER.DELETE.${stream}.*`,
        ]),
        `$JS.API.STREAM.MSG.DELETE.${streams.commands}`,
        ...KV.flatMap((stream) => [`$JS.API.DIRECT.GET.${stream}.>`, `$JS.API.STREAM.MSG.GET.${stream}`]),
        `$JS.API.CONSUMER.MSG.NEXT.${streams.records}.${consumers.records}`,
        `$JS.ACK.${streams.records}.${consumers.records}.>`,
        "$JS.FC.>",
        kvSubject(buckets.trial, ">"),
      ],
    },
    subscribe: { allow: [`${inboxPrefixOf(COORDINATOR)}.>`] },
  };
}

/** @param {import("@redline/shared").NodeId} node */
function nodeRights(node) {
  const consumer = `${streams.commands}.${consumers.commandsOf(node)}`;
  const toItself = `${subjects.peersFrom(node).replace(/>$/, "")}${node}.>`;
  return {
    publish: {
      allow: [
        `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
        `$JS.API.CONSUMER.INFO.${consumer}`,
        `$JS.ACK.${consumer}.>`,
        subjects.record(node),
        subjects.peersFrom(node),
        kvSubject(buckets.lease, `${node}.*`),
        kvSubject(buckets.inventory, node),
      ],
      // A request of a node to itself would hand it the right to "answer" on any subject it names.
      deny: [toItself],
    },
    subscribe: {
      allow: [
        `${inboxPrefixOf(node)}.>`,
        subjects.control(node),
        subjects.controlAll,
        subjects.kill,
        subjects.peersTo(node),
      ],
    },
    answers: true,
  };
}

/**
 * @param {string} role
 * @param {Record<string, string>} publicKeys
 * @param {{ publish: { allow: string[], deny?: string[] }, subscribe: { allow: string[] }, answers?: boolean }} rights
 */
function user(role, publicKeys, { publish, subscribe, answers = false }) {
  return [
    `      # ${role}`,
    "      {",
    `        nkey: ${publicKeys[role]}`,
    "        permissions {",
    "          publish {",
    ...list("allow", publish.allow),
    ...(publish.deny === undefined ? [] : list("deny", publish.deny)),
    "          }",
    "          subscribe {",
    ...list("allow", subscribe.allow),
    "          }",
    ...(answers ? [`          allow_responses { max: 1, expires: "${ANSWER_WITHIN}" }`] : []),
    "        }",
    "      }",
  ];
}

/** @param {string} name @param {readonly string[]} values */
function list(name, values) {
  const indent = "            ";
  return [`${indent}${name}: [`, ...values.map((v) => `${indent}  ${JSON.stringify(v)}`), `${indent}]`];
}

/** @param {string[][]} users */
function accountLines(users) {
  return [
    "accounts {",
    "  REDLINE {",
    "    jetstream: enabled",
    "    users: [",
    ...users.flat(),
    "    ]",
    "  }",
    "  # Nobody can log in here: the server's own messages stay its own.",
    "  SYS {}",
    "}",
    "system_account: SYS",
  ];
}

/** @param {import("./nats-config.mjs").NatsConfigOptions} options */
function serverLines({
  listen = "127.0.0.1:4222",
  storeDir,
  serverVersion,
  monitor,
  tls,
  maxFileStore = "10GB",
}) {
  return [
    "# Written by deploy/nats/make-config.mjs; run it again instead of editing this file.",
    "# It holds public keys only.",
    `listen: ${JSON.stringify(listen)}`,
    'server_name: "redline"',
    ...(monitor === undefined ? [] : [`http: ${JSON.stringify(monitor)}`]),
    "max_payload: 1MB",
    'ping_interval: "20s"',
    'write_deadline: "10s"',
    ...(tls === undefined
      ? []
      : [
          "tls {",
          `  cert_file: ${JSON.stringify(tls.certFile)}`,
          `  key_file: ${JSON.stringify(tls.keyFile)}`,
          "}",
        ]),
    "jetstream {",
    `  store_dir: ${JSON.stringify(storeDir)}`,
    "  max_memory_store: 64MB",
    `  max_file_store: ${maxFileStore}`,
    // Older servers refuse to start with it.
    ...(knowsSyncInterval(serverVersion) ? ["  sync_interval: always"] : []),
    "}",
  ];
}

/** `sync_interval` came with 2.10; without a known version it is left out. @param {string | undefined} version */
export function knowsSyncInterval(version) {
  const match = /^v?(\d+)\.(\d+)\./.exec(version ?? "");
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 2 || (major === 2 && minor >= 10);
}
