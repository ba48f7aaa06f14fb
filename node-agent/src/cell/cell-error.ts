/** Why there is no cell. `retry`: another attempt on this node can succeed. */
export const CELL_FAILURES = {
  "bad-spec": { retry: false, text: "the cell's description is not acceptable" },
  "index-taken": { retry: true, text: "another cell has this slot" },
  tool: { retry: true, text: "a system tool failed" },
  start: { retry: true, text: "the cell did not come up" },
  timeout: { retry: true, text: "the cell did not come up in time" },
  "not-contained": { retry: false, text: "the cell is up but not contained as promised" },
  quarantined: { retry: false, text: "the node builds no cell while it is quarantined" },
  aborted: { retry: false, text: "the caller gave up" },
} as const;
export type CellFailure = keyof typeof CELL_FAILURES;

export class CellError extends Error {
  override readonly name = "CellError";
  readonly code: CellFailure;

  constructor(code: CellFailure, detail: string, options?: ErrorOptions) {
    super(`${CELL_FAILURES[code].text}: ${detail.slice(0, 1_000)}`, options);
    this.code = code;
  }

  get retry(): boolean {
    return CELL_FAILURES[this.code].retry;
  }
}
