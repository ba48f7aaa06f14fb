import { adjudicate } from "../claims/adjudicate.ts";
import type { Adjudication } from "../claims/claim.ts";
import { PROFILES, profileName } from "../claims/profile.ts";
import { claimsOf } from "../claims/profiles.ts";
import { evidenceOf, type Evidence } from "../evidence/evidence.ts";
import type { Device, NodeId } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import { mayWrite } from "../trials/may-write.ts";
import { inDeviceOrder, nodesInOrder } from "./device-order.ts";
import type { VerdictTerms } from "./verdict-terms.ts";
import { outcomeOf, testsOf, type VerdictStatement } from "./verdict-statement.ts";

type Devices = Readonly<Record<Device, NodeId>>;

/** The evidence in the records of an attempt, of which each node may write only what is its own. */
export function evidenceIn(
  records: readonly NodeRecord[],
  devices: Devices,
  trial: string,
  attempt: number,
): Evidence {
  const own = records.filter((record) => mayWrite(devices, record));
  return evidenceOf(inDeviceOrder(own, devices), trial, attempt);
}

const BROKE_OFF: ReadonlySet<NodeRecord["body"]["kind"]> = new Set(["lost", "refused", "part-ended"]);

/** Why the records are not those of an attempt whose verdict counts; null where they are. */
export function notCompleted(records: readonly NodeRecord[], devices: Devices): string | null {
  const own = records.filter((record) => mayWrite(devices, record));
  const ended = own.flatMap(({ body }) => (body.kind === "attempt-ended" ? [body] : []))[0];
  if (ended?.outcome !== "completed") return "the origin's node did not record that the attempt completed";
  if (own.some(({ body }) => BROKE_OFF.has(body.kind)))
    return "one of the nodes refused, lost or ended its part";
  for (const node of nodesInOrder(devices)) {
    const gone = own.flatMap((r) => (r.node === node && r.body.kind === "cell-gone" ? [r.body.proof] : []));
    if (gone.length === 0) return `${node} gave no proof that its cell is gone`;
    if (gone.some((proof) => !proof.clean)) return `${node} could not prove its cell gone`;
  }
  return null;
}

export type Readjudicated =
  | { readonly ok: true; readonly results: readonly Adjudication[] }
  | { readonly ok: false; readonly word: "profile" | "verdict"; readonly why: string };

/** Makes the verdicts anew from the evidence, and compares them with those that a statement names. */
export function readjudicate(
  evidence: Evidence,
  statement: VerdictStatement,
  terms: VerdictTerms,
): Readjudicated {
  for (const { profile } of terms.profiles) {
    const known = PROFILES.find((name) => name === profileName(profile));
    if (known !== undefined && claimsOf(known).join() !== claimsOf(profile).join())
      return { ok: false, word: "profile", why: `${known} needs other claims here than it did there` };
  }
  const profiles = terms.profiles.map(({ profile }) => profile);
  const results = profiles.map((profile) => adjudicate(evidence, profile));
  for (const [i, { verdict }] of terms.profiles.entries()) {
    const due = results[i];
    if (due?.verdict !== verdict)
      return {
        ok: false,
        word: "verdict",
        why: `${due?.profile ?? ""} is sealed as ${verdict}, and the evidence gives ${due?.verdict ?? "nothing"}`,
      };
  }
  const { result, passedTests, warnedTests, failedTests } = statement.predicate;
  const sealed = JSON.stringify([result, { passedTests, warnedTests, failedTests }]);
  return JSON.stringify([outcomeOf(results), testsOf(profiles, results)]) === sealed
    ? { ok: true, results }
    : { ok: false, word: "verdict", why: "the evidence gives other results for single claims" };
}
