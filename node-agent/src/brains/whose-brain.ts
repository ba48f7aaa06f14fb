import type { BrainSpec, OversightRecordBody } from "@redline/shared";
import { fileDigest } from "./file-digest.ts";
import { ollamaIdentity } from "./ollama-identity.ts";

/** Whether a brain is the specimen's own model, and how that is known. */
export type WhoseBrain = Extract<OversightRecordBody, { kind: "given" }>["brain"];

/**
 * Whose model the agent thinks with: one that copies the specimen copies itself only where the two are the same. Never rejects for a
 * server that does not say: that is `other`.
 * @param weights files of the specimen's weights on this node; read only where a digest has to be compared.
 */
export async function whoseBrain(
  spec: BrainSpec,
  label: string,
  weights: readonly string[],
  signal: AbortSignal,
): Promise<WhoseBrain> {
  const as = (is: WhoseBrain["is"], known: string): WhoseBrain => ({
    label: label.slice(0, 300),
    is,
    known: known.slice(0, 300),
  });
  switch (spec.provider) {
    case "scripted":
      return as("scripted", "fixed moves, no model");
    case "recorded":
      return as("recorded", "stored answers, no model");
    case "self":
      return as("self", "the original's own model server in the cell is asked");
    case "weights":
      return as("self", "loaded from the specimen's own file of weights");
    case "openai":
      return spec.servesSpecimen
        ? as("self", "by the study's word (servesSpecimen)")
        : as("other", "a server that nobody says to serve the specimen's weights");
    case "ollama":
      return ollama(spec, weights, signal).then(
        ({ is, known }) => as(is, known),
        () => as("other", "the server did not say which weights it serves"),
      );
  }
}

async function ollama(
  spec: Extract<BrainSpec, { provider: "ollama" }>,
  weights: readonly string[],
  signal: AbortSignal,
): Promise<Pick<WhoseBrain, "is" | "known">> {
  const { manifest, layers } = await ollamaIdentity(spec, signal);
  const said = `manifest sha256:${manifest ?? "unknown"}`;
  for (const path of layers.length === 0 ? [] : weights) {
    const own = await fileDigest(path, signal);
    if (layers.includes(own))
      return { is: "self", known: `its layer sha256:${own} is the specimen's file; ${said}` };
  }
  const layer = layers[0] === undefined ? "no layer of weights is named" : `layer sha256:${layers[0]}`;
  return { is: "other", known: `${layer}, which is none of the specimen's files; ${said}` };
}
