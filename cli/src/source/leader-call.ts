import { CliError, EXIT } from "../exit-codes.ts";
import { nameOf, send, type Address, type Answer, type Call } from "./http-call.ts";

/** A standby takes over within 5 s; an orderly restart may need longer. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 500;
/** Nothing was sent: asking the other one cannot do a thing twice. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOENT", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"]);
const NOT_LEADING = 503;

/** The coordinators that an address names: `--url` may name a pair, comma separated. */
export function eachOf(address: Address): Address[] {
  if ("socketPath" in address) return [address];
  return address.url
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "")
    .map((url) => ({ ...address, url }));
}

/**
 * One request to a coordinator, or to whichever of a pair takes it: reads go to any that answers, changes to the one that leads,
 * which is waited for. The one that answered last is asked first. @throws CliError as `send`, when none of them does.
 */
export function leaderCaller(address: Address): (call: Call) => Promise<Answer> {
  let order = eachOf(address);
  const [only] = order;
  if (order.length <= 1) return (call) => send(only ?? address, call);
  return async (call) => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      let last: Answer | CliError | null = null;
      for (const one of order) {
        const tried = await attempt(one, call);
        last = tried;
        if (tried instanceof CliError) {
          if (call.method !== "GET" && !wasNotSent(tried)) throw tried;
        } else if (call.method === "GET" || tried.status !== NOT_LEADING) {
          order = [one, ...order.filter((other) => other !== one)];
          return tried;
        }
      }
      const over = call.method === "GET" || performance.now() > deadline || call.signal?.aborted === true;
      if (over && last instanceof CliError)
        throw new CliError(EXIT.unreachable, `none of ${nameOf(address)} can be reached`, { cause: last });
      if (over && last !== null && !(last instanceof CliError)) return last;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
}

async function attempt(address: Address, call: Call): Promise<Answer | CliError> {
  try {
    return await send(address, call);
  } catch (error) {
    if (error instanceof CliError && error.code === EXIT.unreachable) return error;
    throw error;
  }
}

function wasNotSent({ cause }: CliError): boolean {
  return typeof cause === "object" && cause !== null && "code" in cause && NOT_SENT.has(String(cause.code));
}
