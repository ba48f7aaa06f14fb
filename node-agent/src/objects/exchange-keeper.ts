import {
  MOST_ADDED,
  objectDigest,
  type AttemptKey,
  type KeptMessages,
  type KeptWhole,
  type ObjectRef,
  type WholeReply,
} from "@redline/shared";
import type { ObjectFolder } from "./object-folder.ts";

/** Keeps what an exchange's record has no room for. Neither call rejects: what was not kept says why. */
export interface ExchangeKeeper {
  /** @param messages JSON text of each message, in order. */
  messages(messages: readonly string[]): Promise<KeptMessages>;
  reply(reply: Omit<WholeReply, "v">): Promise<KeptWhole>;
}

/** The objects of one attempt's exchanges. A message that was put away with an earlier exchange is not written again. */
export function exchangeKeeper(
  folder: Pick<ObjectFolder, "put">,
  key: Pick<AttemptKey, "trial" | "attempt">,
): ExchangeKeeper {
  /** What stands in a record already. */
  const named = new Set<string>();
  return {
    async messages(messages) {
      const digests = messages.map(objectDigest);
      const fresh = new Map(messages.map((text, i) => [digests[i] ?? "", text]));
      for (const sha256 of named) fresh.delete(sha256);
      if (fresh.size > MOST_ADDED) return { not: `${fresh.size} new messages at once` };
      const list = JSON.stringify({ v: 1, messages: digests });
      const put = await Promise.all([list, ...fresh.values()].map((text) => folder.put(key, text)));
      const refs: ObjectRef[] = [];
      for (const result of put) {
        if ("not" in result) return result;
        refs.push(result.ref);
      }
      const [ofList, ...added] = refs;
      if (ofList === undefined) return { not: "nothing was put away" };
      for (const { sha256 } of added) named.add(sha256);
      return { list: ofList, added };
    },
    async reply(reply) {
      const put = await folder.put(key, JSON.stringify({ v: 1, ...reply }));
      return "not" in put ? put : put.ref;
    },
  };
}
