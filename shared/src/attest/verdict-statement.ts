import type { KeyObject } from "node:crypto";
import { z } from "zod";
import type { Adjudication } from "../claims/claim.ts";
import { rungOf } from "../claims/claim-name.ts";
import { profileName, type Profile } from "../claims/profile.ts";
import { claimsOf } from "../claims/profiles.ts";
import type { Verdict } from "../claims/verdict.ts";
import type { AttemptKey, NodeId, StudyId } from "../ids.ts";
import type { Instrument } from "./instrument.ts";
import { publicDer } from "./public-key.ts";
import {
  describeContent,
  descriptorSchema,
  STATEMENT_TYPE,
  subjectSchema,
  type Subject,
} from "./statement.ts";

/** https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md */
export const TEST_RESULT_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1";

const testNames = z.array(z.string().max(80)).max(2000);
export const verdictStatementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(subjectSchema).min(1).max(10),
  predicateType: z.literal(TEST_RESULT_PREDICATE),
  predicate: z.strictObject({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(descriptorSchema).max(200),
    passedTests: testNames,
    warnedTests: testNames,
    failedTests: testNames,
  }),
});
export type VerdictStatement = z.infer<typeof verdictStatementSchema>;

/** Who signs: the coordinator, or a node. */
export type SignerRole = "coordinator" | `node:${string}`;
export const nodeRole = (node: string): SignerRole => `node:${node}`;

/** Names and media types of the descriptors in `configuration`. */
export const CONFIGURATION = {
  attempt: "attempt",
  redline: "redline",
  journal: "journal.jsonl",
  instrument: "instrument",
  keyPrefix: "keys/",
  profilePrefix: "profiles/",
  json: "application/json",
  key: "application/pkix-spki",
  lines: "application/jsonl",
} as const;

export interface VerdictFacts {
  readonly study: StudyId;
  readonly key: AttemptKey;
  readonly devices: { readonly origin: NodeId; readonly target: NodeId };
  readonly subjects: readonly Subject[];
  readonly profiles: readonly Profile[];
  /** One for each profile, in the same order. */
  readonly results: readonly Adjudication[];
  readonly signers: readonly { readonly role: SignerRole; readonly publicKey: KeyObject }[];
  /** The coordinator's journal when the verdict was made: its newest record and the sha256 of that line. */
  readonly head: { readonly seq: number; readonly sha256: string };
  /** How the instrument was measured on the attempt's nodes, as far as the coordinator's journal knows. */
  readonly instrument: Instrument;
  /** Of the coordinator. */
  readonly version: string;
}

/** The claims that each profile needs, as names of tests, by what came of them. */
export function testsOf(
  profiles: readonly Profile[],
  results: readonly Adjudication[],
): Pick<VerdictStatement["predicate"], "passedTests" | "warnedTests" | "failedTests"> {
  const named = profiles.flatMap((profile, i) =>
    (results[i]?.claims ?? [])
      .filter(({ claim }) => claimsOf(profile).includes(claim))
      .map(({ claim, result }) => ({ result, name: `${profileName(profile)}/${rungOf(claim)} ${claim}` })),
  );
  const of = (result: (typeof named)[number]["result"]) =>
    named.filter((test) => test.result === result).map((test) => test.name);
  return { passedTests: of("proven"), warnedTests: of("not-tested"), failedTests: of("refuted") };
}

const OUTCOMES = {
  confirmed: "PASSED",
  refuted: "FAILED",
  indeterminate: "WARNED",
  invalid: "FAILED",
} as const satisfies Record<Verdict, string>;

/** The outcome of `strict`, or of the first profile where `strict` is not among them. */
export function outcomeOf(results: readonly Adjudication[]): VerdictStatement["predicate"]["result"] {
  const deciding = results.find((r) => r.profile === "strict") ?? results[0];
  return OUTCOMES[deciding?.verdict ?? "indeterminate"];
}

/** The statement that the coordinator signs over its verdicts, as JSON text: exactly the signed bytes. */
export function verdictStatement(facts: VerdictFacts): string {
  const { study, key, devices, profiles, results, head } = facts;
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const attempt = { study, trial: key.trial, attempt: key.attempt, epoch: key.epoch, devices };
  const statement: VerdictStatement = {
    _type: STATEMENT_TYPE,
    subject: [...facts.subjects],
    predicateType: TEST_RESULT_PREDICATE,
    predicate: {
      result: outcomeOf(results),
      configuration: [
        describeContent(CONFIGURATION.attempt, CONFIGURATION.json, json(attempt)),
        describeContent(CONFIGURATION.redline, CONFIGURATION.json, json({ version: facts.version })),
        describeContent(CONFIGURATION.instrument, CONFIGURATION.json, json(facts.instrument)),
        {
          name: CONFIGURATION.journal,
          digest: { sha256: head.sha256 },
          mediaType: CONFIGURATION.lines,
          annotations: { seq: head.seq },
        },
        ...facts.signers.map(({ role, publicKey }) =>
          describeContent(`${CONFIGURATION.keyPrefix}${role}`, CONFIGURATION.key, publicDer(publicKey)),
        ),
        ...profiles.map((profile, i) => {
          const name = profileName(profile);
          return describeContent(
            `${CONFIGURATION.profilePrefix}${name}`,
            CONFIGURATION.json,
            json({ name, claims: claimsOf(profile) }),
            { verdict: results[i]?.verdict ?? "indeterminate" },
          );
        }),
      ],
      ...testsOf(profiles, results),
    },
  };
  return JSON.stringify(statement);
}
