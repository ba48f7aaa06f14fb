/** What servers answer to a conversation that is too long, in the shapes of their own; for tests. */
export interface ContextError {
  readonly server: string;
  readonly status: number;
  readonly body: unknown;
}

const within = (error: unknown) => ({ error });

export const CONTEXT_ERRORS: readonly ContextError[] = [
  {
    server: "OpenAI",
    status: 400,
    body: within({
      message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000.",
      type: "invalid_request_error",
      param: "messages",
      code: "context_length_exceeded",
    }),
  },
  {
    server: "vLLM",
    status: 400,
    body: {
      object: "error",
      message: "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens.",
      type: "BadRequestError",
      param: null,
      code: 400,
    },
  },
  {
    server: "vLLM without room for an answer",
    status: 400,
    body: within({ message: "max_tokens must be at least 1, got -186.", type: "BadRequestError", code: 400 }),
  },
  {
    server: "llama-server",
    status: 400,
    body: within({
      code: 400,
      message: "request (4476 tokens) exceeds the available context size (4096 tokens), try increasing it",
      type: "exceed_context_size_error",
      n_prompt_tokens: 4476,
      n_ctx: 4096,
    }),
  },
  {
    server: "older llama-server",
    status: 500,
    body: within({
      code: 500,
      message: "the request exceeds the available context size. try increasing the context size",
      type: "server_error",
    }),
  },
  {
    server: "Text Generation Inference",
    status: 422,
    body: {
      error:
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1512. Given: 1000 and 1024",
      error_type: "validation",
    },
  },
  {
    server: "Ollama",
    status: 400,
    body: within("the prompt is longer than the context length currently available to the model"),
  },
  {
    server: "Ollama around its engine",
    status: 400,
    body: within(
      JSON.stringify(within({ code: 400, message: "too long", type: "exceed_context_size_error" })),
    ),
  },
  {
    server: "the built-in small server",
    status: 400,
    body: within({
      message: "the prompt has 5000 tokens, the context 4096",
      type: "invalid_request_error",
      code: "context_length_exceeded",
    }),
  },
];
