import type { NodeRecord } from "../journal/node-record.ts";
import { COPY_APPROVAL, OVERSIGHT_KINDS } from "../journal/oversight-record.ts";
import type { AttemptView } from "./trial-view.ts";

/** A node speaks for its own devices of an attempt alone, and only the origin's leads it: any enrolled node could forge the rest. */
export function mayWrite(
  devices: AttemptView["devices"],
  { node, body }: Pick<NodeRecord, "node" | "body">,
): boolean {
  const { origin, target } = devices;
  if ("device" in body) return devices[body.device] === node;
  if (node === target && isOfCopy(body)) return true;
  if (body.kind === "run-ended" || body.kind === "attempt-ended" || OVERSIGHT_KINDS.includes(body.kind))
    return node === origin;
  return node === origin || node === target;
}

/** What a chain's copy and its brain say, and what the policy made of it: no question to a person, and nothing that a person did. */
function isOfCopy(body: NodeRecord["body"]): boolean {
  if (body.kind === "exchange") return true;
  if (body.kind !== "approval" || body.who !== "policy") return false;
  return body.id.startsWith(COPY_APPROVAL) && body.decision !== "asked";
}
