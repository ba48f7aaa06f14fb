import { terminalLine, type Instrument, type VerifiedBundle } from "@redline/shared";
import { confirmedOf } from "../run/calibration-lines.ts";
import type { Output } from "../terminal/output.ts";
import { paintVerdict } from "../trials/render-list.ts";

/** What a verified bundle is about, line by line. */
export function showBundle(bundle: VerifiedBundle, { paint }: Pick<Output, "paint">): string[] {
  const { attempt, head, version } = bundle.terms;
  return [
    `  trial ${attempt.trial}, attempt ${attempt.attempt}, of study ${attempt.study}`,
    ...bundle.nodes.map(({ name, keyId, statement: { predicate } }) => {
      const { records, firstSeq, lastSeq, devices } = predicate;
      return `  ${name}: ${records} records (${firstSeq} to ${lastSeq}) of the ${devices.join(" and ")}, signed by its node (sha256:${keyId}) and the coordinator`;
    }),
    `  sealed at record ${head.seq} (${head.sha256}) of the journal, by version ${terminalLine(version)}`,
    ...(bundle.objects.named === 0
      ? []
      : [
          `  ${bundle.objects.there} of the ${bundle.objects.named} objects that its records name, each with its digest`,
        ]),
    `  ${instrumentText(bundle.terms.instrument)}`,
    ...bundle.results.map(
      ({ profile, verdict }) =>
        `  ${profile}: ${paintVerdict(verdict, paint)}, and the evidence gives the same`,
    ),
  ];
}

function instrumentText(instrument: Instrument): string {
  if (!instrument.found) return `instrument: no green controls: ${terminalLine(instrument.why)}`;
  const { study, at, green, matrices } = instrument;
  const counts = matrices.map(
    ({ profile, copies, decoys }) =>
      `${profile} confirmed ${confirmedOf(copies)} copies, ${confirmedOf(decoys)} decoys`,
  );
  return `instrument: control study ${study} of ${at.slice(0, 10)} ${green ? "green" : "NOT green"}: ${counts.join("; ")}`;
}

/** The same as data. */
export function bundleJson({ terms, nodes, results, coordinatorKeyId }: VerifiedBundle) {
  return {
    attempt: terms.attempt,
    version: terms.version,
    instrument: terms.instrument,
    journal: terms.head,
    coordinator: `sha256:${coordinatorKeyId}`,
    records: nodes.map(({ name, keyId, statement: { subject, predicate } }) => ({
      name,
      sha256: subject[0].digest.sha256,
      node: predicate.node,
      key: `sha256:${keyId}`,
      records: predicate.records,
      firstSeq: predicate.firstSeq,
      lastSeq: predicate.lastSeq,
    })),
    verdicts: Object.fromEntries(results.map(({ profile, verdict }) => [profile, verdict])),
  };
}
