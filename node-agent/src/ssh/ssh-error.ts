/** Why SSH failed. `retry`: the same call can succeed later without anything being changed. */
export const SSH_FAILURES = {
  refused: { retry: true, text: "the address refused the connection or cannot be reached" },
  timeout: { retry: true, text: "no answer in time" },
  "host-key": { retry: false, text: "the server showed another host key than the pinned one" },
  auth: { retry: false, text: "the server refused the key" },
  lost: { retry: true, text: "the connection ended" },
  channel: { retry: true, text: "the server did not open a channel" },
  aborted: { retry: false, text: "the caller gave up" },
} as const;
export type SshFailure = keyof typeof SSH_FAILURES;

export class SshError extends Error {
  override readonly name = "SshError";
  readonly code: SshFailure;

  constructor(code: SshFailure, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? SSH_FAILURES[code].text : `${SSH_FAILURES[code].text}: ${detail}`, options);
    this.code = code;
  }

  get retry(): boolean {
    return SSH_FAILURES[this.code].retry;
  }
}
