/** An error that a client caused or can understand; sent in the shape of OpenAI's errors. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, message: string, code: string | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }

  body(): { error: { message: string; type: string; code: string | null } } {
    const type = this.status < 500 ? "invalid_request_error" : "server_error";
    return { error: { message: this.message, type, code: this.code } };
  }
}
