import type { IncomingHttpHeaders } from "node:http";
import { PROTOCOL_HEADER, protocolOfHeader, sides, skewBetween, UPGRADE_REQUIRED } from "@redline/shared";

/** Ends every cell, and is understood by every protocol. */
const ALWAYS: readonly string[] = ["/api/stop"];

/**
 * Why a request of another protocol is refused, or null: a client that names none (a browser, Prometheus) is let in, and so is every
 * order to stop.
 */
export function protocolProblem(
  path: string,
  headers: IncomingHttpHeaders,
): { readonly status: number; readonly error: string } | null {
  if (!path.startsWith("/api/") || ALWAYS.includes(path)) return null;
  const theirs = protocolOfHeader(headers[PROTOCOL_HEADER]);
  const skew = theirs === null ? null : skewBetween(theirs, sides.coordinatorOfClient);
  return skew === null ? null : { status: UPGRADE_REQUIRED, error: skew.upgrade };
}
