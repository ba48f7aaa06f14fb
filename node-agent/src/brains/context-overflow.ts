/**
 * What servers say when a conversation is longer than the model takes, each in words of its own; a code where it has one.
 * Sought in the body as it stands: some wrap the error of the engine behind them as text in their own.
 */
const SAYINGS: readonly RegExp[] = [
  // OpenAI and Azure; vLLM and the built-in small server use the code too.
  /context_length_exceeded/,
  // llama-server, and Ollama with that engine; before the code there was, the text alone with status 500.
  /exceed_context_size_error|exceeds? the available context size/,
  // vLLM; some versions say only what is left for the answer.
  /maximum context length|longer than the maximum model length|tokens must be at least 1, got -/,
  // Text Generation Inference, status 422.
  /`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than/,
  // Ollama with `truncate: false` or `shift: false`.
  /exceeds the context length|longer than the context length|prompt (?:is )?too long/,
];

/** Statuses with which a server answers so; 200 is an error within a stream. */
const STATUSES: ReadonlySet<number> = new Set([200, 400, 413, 422, 500]);

/** @param text body of the error, bounded by whoever read it. */
export function isContextOverflow(status: number, text: string): boolean {
  return STATUSES.has(status) && SAYINGS.some((saying) => saying.test(text));
}
