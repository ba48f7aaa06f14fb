import { createUser, fromPublic, fromSeed } from "@nats-io/nkeys";
import { COORDINATOR, coordinatorNameSchema, nodeIdSchema } from "@redline/shared";
import { observerNameSchema, whyNoNodeName } from "./role-names.ts";
import { coordinatorRights, nodeRights, observerRights, type Rights } from "./role-rights.ts";
import { serverLines, type ServerOptions } from "./server-lines.ts";

export interface NatsConfigOptions extends ServerOptions {
  /** Ids of the enrolled nodes. */
  readonly nodes: readonly string[];
  /** Nodes that were removed: no rights, but a coordinator still removes their objects. */
  readonly formerNodes?: readonly string[] | undefined;
  /** Names of the coordinators; "coordinator" alone when not given. */
  readonly coordinators?: readonly string[] | undefined;
  readonly observers?: readonly string[] | undefined;
  /** Public keys that are there already, by role; for every other role a new pair is made. */
  readonly publicKeys?: Readonly<Record<string, string>> | undefined;
}
export interface NatsConfig {
  /** Text of nats.conf; holds no secret. */
  readonly config: string;
  /** Seeds of the new pairs, by role. Secret. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly publicKeys: Readonly<Record<string, string>>;
}

/**
 * The configuration of Redline's nats-server: one named account, one NKey user a role, and for each role only the subjects that its
 * daemon uses. Nobody gets `allow_responses`: a right that a requester hands out could be handed out for any subject.
 * @throws RangeError naming every bad name and key at once.
 */
export function makeNatsConfig(options: NatsConfigOptions): NatsConfig {
  const { nodes, formerNodes = [], coordinators = [COORDINATOR], observers = [] } = options;
  const roles = [...coordinators, ...nodes, ...observers];
  const problems = [
    ...(coordinators.length === 0 ? ["at least one coordinator is needed"] : []),
    ...nodes.flatMap((node) => whyNoNodeName(node) ?? []),
    ...coordinators
      .filter((c) => !coordinatorNameSchema.safeParse(c).success)
      .map(notA("coordinator's name")),
    ...observers.filter((o) => !observerNameSchema.safeParse(o).success).map(notA("observer's name")),
    ...roles.filter((role, i) => roles.indexOf(role) !== i).map((role) => `"${role}" is named twice`),
    ...keyProblems(roles, options.publicKeys ?? {}),
  ];
  if (problems.length > 0) throw new RangeError(problems.join("; "));

  const { seeds, publicKeys } = withKeys(roles, options.publicKeys ?? {});
  const ids = nodes.map((node) => nodeIdSchema.parse(node));
  const everNodes = [...new Set([...nodes, ...formerNodes])].map((node) => nodeIdSchema.parse(node));
  const users = [
    ...coordinators.map((c) =>
      userLines(c, publicKeys, coordinatorRights(coordinatorNameSchema.parse(c), everNodes)),
    ),
    ...ids.map((node) => userLines(node, publicKeys, nodeRights(node))),
    ...observers.map((o) => userLines(o, publicKeys, observerRights(observerNameSchema.parse(o)))),
  ];
  const config = [...serverLines(options), ...accountLines(users), ""].join("\n");
  return { config, seeds, publicKeys };
}

/** A new user's pair. The seed is secret. */
export function newUserKey(): { seed: string; publicKey: string } {
  const pair = createUser();
  const made = { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() };
  pair.clear();
  return made;
}

/** @throws when it is no seed. */
export const publicKeyOfSeed = (seed: string): string =>
  fromSeed(new TextEncoder().encode(seed.trim())).getPublicKey();

/** Whether this is the public key of an NKey user. */
export function isUserKey(key: string): boolean {
  try {
    fromPublic(key);
    return /^U[A-Z2-7]{55}$/.test(key);
  } catch {
    return false;
  }
}

const notA = (what: string) => (name: string) => `"${name}" is not a ${what}`;

function keyProblems(roles: readonly string[], given: Readonly<Record<string, string>>): string[] {
  const keys = Object.values(given);
  return [
    ...Object.entries(given).flatMap(([role, key]) => [
      ...(roles.includes(role) ? [] : [`a public key is given for "${role}", which is no role`]),
      ...(isUserKey(key) ? [] : [`${role}: "${key}" is not a public user key`]),
    ]),
    ...(new Set(keys).size === keys.length ? [] : ["two roles have the same public key"]),
  ];
}

function withKeys(roles: readonly string[], given: Readonly<Record<string, string>>) {
  const seeds: Record<string, string> = {};
  const publicKeys: Record<string, string> = {};
  for (const role of roles) {
    const known = given[role];
    const made = known === undefined ? newUserKey() : null;
    if (made !== null) seeds[role] = made.seed;
    publicKeys[role] = known ?? made?.publicKey ?? "";
  }
  return { seeds, publicKeys };
}

const userLines = (role: string, keys: Readonly<Record<string, string>>, { publish, subscribe }: Rights) => [
  `      # ${role}`,
  "      {",
  `        nkey: ${keys[role] ?? ""}`,
  "        permissions {",
  ...listLines("publish", publish),
  ...listLines("subscribe", subscribe),
  "        }",
  "      }",
];

const listLines = (what: string, subjects: readonly string[]) => [
  `          ${what} {`,
  "            allow: [",
  ...subjects.map((subject) => `              ${JSON.stringify(subject)}`),
  "            ]",
  "          }",
];

const accountLines = (users: readonly string[][]) => [
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
