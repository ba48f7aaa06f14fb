import { BrainError, codeOfStatus } from "./brain-error.ts";
import { isContextOverflow } from "./context-overflow.ts";

/**
 * What a server's refusal or failure is. A server may repeat what it was sent, the key too: only the status and a short code-like
 * hint go on.
 * @param status HTTP status; 200 for an error within an answer that began well.
 */
export function statusError(status: number, body: string, retryAfter: string | null = null): BrainError {
  const hint = /"(?:code|type|error_type)"\s*:\s*"([\w.-]{1,64})"/.exec(body)?.[1];
  const message = `HTTP ${status}${hint === undefined ? "" : ` (${hint})`}`;
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  const code = isContextOverflow(status, body)
    ? "context_overflow"
    : status === 200
      ? "unavailable"
      : codeOfStatus(status);
  return new BrainError(code, message, { retryAfterMs, byServer: status === 200 || status >= 500 });
}
