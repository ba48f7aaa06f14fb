/** Exit statuses of the model server. 98 is EADDRINUSE of Linux, so that it says what happened. */
export const EXIT = { ok: 0, failed: 1, badInput: 2, portTaken: 98 } as const;

/** An expected end of the server: one line for stderr and the status to leave with. */
export class ServerExit extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServerExit";
    this.status = status;
  }
}
