import { isIPv4 } from "node:net";

/**
 * Whether a study may have a brain at this address. A daemon holds keys and reaches further than its cells: without this a study
 * file could send it anywhere. The same scheme, host and port as one of `allowed`, and its path or one below; with an empty list,
 * loopback.
 */
export function isAllowed(url: string, allowed: readonly string[]): boolean {
  const asked = new URL(url);
  // Nobody needs a login in the address, and it may hide the host from a reader.
  if (asked.username !== "" || asked.password !== "") return false;
  if (allowed.length === 0) return isLoopback(asked.hostname);
  return allowed.some((text) => {
    const base = new URL(text);
    const folder = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
    return asked.origin === base.origin && `${asked.pathname}/`.startsWith(folder);
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));
}
