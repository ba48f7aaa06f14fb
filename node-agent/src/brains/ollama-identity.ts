import { Ollama } from "ollama";
import { z } from "zod";
import { boundedFetch } from "./bounded-fetch.ts";

export interface OllamaIdentity {
  /** sha256 of the model's manifest, which `ollama list` shows the beginning of; null where the server lists no such model. */
  readonly manifest: string | null;
  /** sha256 of the files of weights that the model is made from: those of its GGUF layers. */
  readonly layers: readonly string[];
}

const hex = /^(?:sha256:)?([0-9a-f]{64})$/;
const listed = z.object({
  models: z.array(z.object({ name: z.string(), digest: z.string() })),
});
const shown = z.object({ modelfile: z.string() });

/** Blobs lie under their digest, and the model file that the server shows names them. */
const FROM_BLOB = /^FROM\s+\S{0,4096}sha256[-:]([0-9a-f]{64})\s*$/gm;

const LIMITS = { timeoutMs: 10_000, idleMs: 10_000, replyBytes: 4 * 1024 * 1024 };

/** Which weights an Ollama server has behind a name, as it says itself. @throws where it does not say. */
export async function ollamaIdentity(
  { host, model }: { readonly host: string; readonly model: string },
  signal: AbortSignal,
): Promise<OllamaIdentity> {
  const client = new Ollama({ host, fetch: boundedFetch({ signal, ...LIMITS }) });
  const { models } = listed.parse(await client.list());
  const names = [model, `${model}:latest`];
  const digest = models.find(({ name }) => names.includes(name))?.digest ?? "";
  const { modelfile } = shown.parse(await client.show({ model }));
  return {
    manifest: hex.exec(digest)?.[1] ?? null,
    layers: [...modelfile.matchAll(FROM_BLOB)].flatMap(([, layer]) => (layer === undefined ? [] : [layer])),
  };
}
