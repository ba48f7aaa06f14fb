import {
  BUNDLE_MEDIA_TYPE,
  CONFIGURATION,
  contentOf,
  nodeRole,
  parseBytes,
  publicPem,
  recordsName,
  sealEnvelope,
  verdictStatementSchema,
  type Bundle,
} from "@redline/shared";
import { createPublicKey } from "node:crypto";
import { idOfPem, type SealedAttempt } from "./sealed-attempts.ts";

/** The bundle of a sealed attempt; a sentence where the journal does not hold all of it. */
export function buildBundle({ body, nodes }: SealedAttempt): Bundle | string {
  const { key, verdict, keyid, countersigned, problems } = body;
  if (problems.length > 0) return `it has no whole seal: ${problems.join("; ")}`;
  const pem = coordinatorPem(verdict.payload);
  if (pem === null) return "its verdict names no key of the coordinator";
  const evidence = nodes.map(({ node, seal }) => {
    const counter = countersigned.find((signed) => signed.node === node);
    return sealEnvelope(seal.payload, [
      { keyid: seal.keyid, sig: seal.sig },
      ...(counter === undefined ? [] : [{ keyid, sig: counter.sig }]),
    ]);
  });
  return {
    mediaType: BUNDLE_MEDIA_TYPE,
    records: Object.fromEntries(
      nodes.map(({ node, lines }) => [recordsName(key, node), lines.map((line) => `${line}\n`).join("")]),
    ),
    evidence,
    verdict: sealEnvelope(verdict.payload, [{ keyid, sig: verdict.sig }]),
    keys: [
      { keyid, role: "coordinator", pem },
      ...nodes.map((node) => ({ keyid: idOfPem(node.pem), role: nodeRole(node.node), pem: node.pem })),
    ],
  };
}

/** The coordinator's own key, which stands in its statement: so a journal alone is enough. */
function coordinatorPem(payload: string): string | null {
  const statement = parseBytes(Buffer.from(payload), verdictStatementSchema);
  const descriptor = statement?.predicate.configuration.find(
    ({ name }) => name === `${CONFIGURATION.keyPrefix}coordinator`,
  );
  const der = descriptor === undefined ? null : contentOf(descriptor);
  if (der === null) return null;
  try {
    return publicPem(createPublicKey({ key: der, format: "der", type: "spki" }));
  } catch {
    return null;
  }
}
