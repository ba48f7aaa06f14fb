/** What the child for a single question gets on stdin; finished texts only. */
export interface OncePlan {
  readonly port: number;
  /** Tried in this order until one speaks HTTP. */
  readonly addresses: readonly string[];
  /** How the answer is read; `plain` takes any body as it is. */
  readonly read: "completion" | "chat" | "plain";
  readonly nonce: string;
  /** Text of a completion, asked by either OpenAI form. */
  readonly text?: string;
  /** Anything else: one request. */
  readonly path?: string;
  /** Body of a POST; without one it is a GET. */
  readonly json?: unknown;
  /** For all of it, ms. */
  readonly timeoutMs: number;
}
