import type { AttemptKey } from "../ids.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import {
  keepNewest,
  type AttemptContainment,
  type DropsSeen,
  type NodeContainment,
} from "./containment-view.ts";

/**
 * The attempt that a record is about: its key, or, where it stands outside an attempt's seal, the one it names itself. Null: it is
 * about the node alone.
 */
export function attemptOf({ key, body }: Pick<NodeRecord, "key" | "body">): AttemptKey | null {
  return key ?? (body.kind === "sterile" ? body.of : null);
}

/** Takes what a record says of containment into the view of its attempt. The caller has checked that its node may say so. */
export function foldAttempt(view: AttemptContainment, { node, at, key, body }: NodeRecord): void {
  switch (body.kind) {
    case "preflight": {
      const { device, ok, checks, tookMs } = body;
      const failed = checks.filter((check) => !check.ok);
      keepNewest(view.preflights, { device, node, ok, checks: checks.length, failed, tookMs });
      break;
    }
    case "sterile": {
      const { checks, clean, tookMs } = body.proof;
      keepNewest(view.sterility, {
        device: body.device,
        node,
        look: body.look,
        // Both must say so: a proof that contradicts itself proves nothing.
        clean: clean && checks.every((check) => check.clean !== false),
        checks: checks.length,
        unseen: checks.filter((check) => check.clean === null).map(({ check }) => check),
        left: checks
          .filter((check) => check.clean === false)
          .map(({ check, left }) => `${check}: ${left.join(", ")}`.slice(0, 400)),
        tookMs,
      });
      break;
    }
    case "breach":
      keepNewest(view.breaches, breachOf(node, at, key, body));
      break;
    case "emptied":
      keepNewest(view.emptied, emptiedOf(node, at, body));
      break;
    case "census":
      keepLast(view.census, {
        device: body.device,
        node,
        copies: body.copies,
        generation: body.generation,
      });
      break;
    case "observation":
      if (body.body.kind === "drops") {
        const { packets, bytes, kinds, tried } = body.body;
        keepLast(view.drops, { device: body.device, node, packets, bytes, kinds, tried });
      }
      if (body.body.kind === "limits")
        keepNewest(view.limits, { device: body.device, node, hit: body.body.hit });
      break;
    default:
  }
}

/** Takes what a record says of its node into the node's view. */
export function foldNode(
  view: NodeContainment,
  { node, at, key, body }: NodeRecord,
  /** When it reached the coordinator, by that one's clock: what happened during a study is told by one clock. */
  takenAt: string,
): void {
  switch (body.kind) {
    case "breach":
      keepNewest(view.breaches, breachOf(node, takenAt, key, body));
      break;
    case "emptied":
      keepNewest(view.emptied, emptiedOf(node, at, body));
      break;
    case "quarantined":
      view.quarantinedWhy = body.why;
      break;
    case "cleared":
      view.quarantinedWhy = null;
      break;
    case "self-test": {
      const { bootId, driver, green, cases } = body.report;
      view.selfTest = {
        at,
        bootId,
        driver,
        green,
        cases: cases.length,
        escaped: cases.filter(({ outcome }) => outcome === "escaped").map(({ id }) => id),
      };
      break;
    }
    default:
  }
}

function breachOf(
  node: NodeRecord["node"],
  at: string,
  of: AttemptKey | null = null,
  { breach, detail, killed }: Extract<NodeRecord["body"], { kind: "breach" }>,
) {
  return { node, at, of, breach, detail, killed };
}

function emptiedOf(
  node: NodeRecord["node"],
  at: string,
  { by, cells, tookMs, detail }: Extract<NodeRecord["body"], { kind: "emptied" }>,
) {
  return { node, at, by, cells, tookMs, detail };
}

/** For what each record of a device tells anew from its beginning: the last one counts. */
function keepLast<T extends Pick<DropsSeen, "device" | "node">>(list: T[], entry: T): void {
  const at = list.findIndex((one) => one.device === entry.device && one.node === entry.node);
  if (at >= 0) list.splice(at, 1);
  keepNewest(list, entry);
}
