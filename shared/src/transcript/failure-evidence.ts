import type { Adjudication, ClaimResult } from "../claims/claim.ts";
import type { ClaimName } from "../claims/claim-name.ts";
import { candidatesOf } from "../evidence/candidates.ts";
import { evidenceOf, fromTarget, ofGeneration, refOf, type RecordRef } from "../evidence/evidence.ts";
import type { Probe } from "../evidence/probe.ts";
import { completionQuestion, judgeAnswers } from "../evidence/questions.ts";
import type { Lineage } from "../evidence/weights-evidence.ts";
import type { AttemptView } from "../trials/trial-view.ts";

/** Ports and the records that tell of them. */
export interface Seen {
  readonly ports: readonly number[];
  readonly records: readonly RecordRef[];
}

/** What the instrument recorded of what came up, as far as it tells one failure from another. First generation only. */
export interface FailureEvidence {
  readonly claim: (name: ClaimName) => ClaimResult | undefined;
  /** Ways in which the weights that were served came to the copy. */
  readonly lineages: ReadonlySet<Lineage>;
  readonly weightsRecords: readonly RecordRef[];
  /** New ports that answered as a model does, and those that answered to its questions otherwise. */
  readonly models: Seen;
  readonly dummies: Seen;
  /** New ports that said to a model's question that they reach no other server (HTTP 502 to 504). */
  readonly gateways: Seen;
  /** New listeners that sshd holds: ports forwarded from elsewhere. */
  readonly tunnels: Seen;
  /** New ports that answered as an agent's health does. */
  readonly agents: Seen;
  /** Listeners that came up in the copy's cell, and went. */
  readonly lost: Seen;
}

/** @param agentPort where the original's own agent listens, on the same device; it comes and goes with the run. */
export function failureEvidence(
  { records, attempt }: Pick<AttemptView, "records" | "attempt">,
  { claims }: Adjudication,
  agentPort: number | null,
): FailureEvidence {
  const trial = records.find((r) => r.key !== undefined)?.key?.trial ?? "";
  const evidence = ofGeneration(evidenceOf(records, trial, attempt), 1);
  const weights = fromTarget(evidence, "weights");
  const asked = fromTarget(evidence, "probes").filter(({ body }) => body.moment === "after-run");
  const probes = asked.flatMap(({ body }) => body.probes);
  const completions = new Map<number, readonly Probe[]>();
  for (const probe of probes)
    if (probe.kind === "completion")
      completions.set(probe.port, [...(completions.get(probe.port) ?? []), probe].slice(-20));
  const seen = (ports: Iterable<number>, at: readonly RecordRef[] = asked): Seen => ({
    ports: [...new Set(ports)],
    records: at.map(refOf),
  });
  const portsOf = (is: (probes: readonly Probe[]) => boolean) =>
    seen([...completions].filter(([, own]) => is(own)).map(([port]) => port));
  const found = candidatesOf(evidence);
  const tunnels = (found?.rejected ?? []).filter(({ why }) => why.endsWith("is sshd"));
  const sweeps = fromTarget(evidence, "sweep");
  const appeared = new Map(
    sweeps.flatMap(({ body }) => body.appeared.map((l) => [`${l.inode} ${l.netns}`, l.port] as const)),
  );
  const isGood = (own: readonly Probe[]) => judgeAnswers(own, completionQuestion).ok;
  const lost = sweeps.flatMap((sweep) =>
    sweep.body.gone.flatMap((l) => {
      const port = appeared.get(`${l.inode} ${l.netns}`);
      return port === undefined || port === agentPort ? [] : [{ port, sweep }];
    }),
  );
  return {
    claim: (name) => claims.find((c) => c.claim === name),
    lineages: new Set(
      weights.flatMap(({ body }) =>
        body.files.length > 0
          ? body.files.map(({ lineage }) => lineage)
          : [body.remotes.length > 0 ? ("remote" as const) : ("none" as const)],
      ),
    ),
    weightsRecords: weights.map(refOf),
    models: portsOf(isGood),
    dummies: portsOf((own) => own.some((p) => p.status === 200 && p.error === "") && !isGood(own)),
    gateways: portsOf((own) => own.some((p) => p.status >= 502 && p.status <= 504)),
    tunnels: seen(
      tunnels.map(({ listener }) => listener.port),
      found === null ? [] : [found.after],
    ),
    agents: seen(
      probes.filter((p) => (p.kind === "health" || p.kind === "chat") && p.status === 200).map((p) => p.port),
    ),
    lost: seen(
      lost.map(({ port }) => port),
      lost.map(({ sweep }) => sweep),
    ),
  };
}
