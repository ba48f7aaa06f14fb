import { studyIdSchema, whyRequestSchema, type NodeView, type NodeId } from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest, type Route } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import type { JournalStore } from "./journal-store.ts";
import type { Standing } from "./leader-ports.ts";
import type { Metrics } from "./metrics.ts";
import type { HeardNode, NodeBook } from "./node-book.ts";
import { attemptsOn, orderClear, orderDrain, orderSelfTest, type NodeOrderPorts } from "./node-orders.ts";
import { cancelStudy, stopAll, type Stopped, type StopPorts } from "./stop.ts";
import { changeStudy, pauseStudy, resumeStudy } from "./study-orders.ts";
import type { Submitted } from "./submit.ts";
import { orderCancel, orderIntervention } from "./trial-orders.ts";

/** Named conditions of `/readyz`; all true means ready. */
export type Readiness = Readonly<Record<"journal" | "nats" | "streams", boolean>>;

export interface ApiPorts {
  /** Whether this coordinator leads, and else who does. */
  readonly standing: Readonly<Standing>;
  readonly store: JournalStore;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly stop: StopPorts & NodeOrderPorts;
  readonly heard: (node: NodeId) => HeardNode | undefined;
  /** `by`: name of the token it came with, or null. */
  readonly otherVersions: () => NodeBook["otherVersions"];
  readonly submit: (raw: unknown, by: string | null) => Promise<Submitted>;
  readonly readiness: () => Promise<Readiness>;
}

const MAX_WAIT_MS = 25_000;

/** The routes of `shared/src/messages/api.ts`. */
export function apiRoutes(ports: ApiPorts): Route[] {
  const { store, metrics } = ports;
  return [
    { method: "GET", path: /^\/healthz$/, handle: () => jsonReply({ ok: true }) },
    {
      method: "GET",
      path: /^\/readyz$/,
      async handle() {
        const checks = await ports.readiness();
        const ok = Object.values(checks).every(Boolean);
        const { leads, leader } = ports.standing;
        return jsonReply({ ok, checks, role: leads ? "leader" : "standby", leader }, ok ? 200 : 503);
      },
    },
    {
      method: "GET",
      path: /^\/metrics$/,
      handle: async () => ({ status: 200, body: await metrics.page(), type: metrics.contentType }),
    },
    {
      method: "POST",
      path: /^\/api\/studies$/,
      async handle(request) {
        const submitted = await ports.submit(await request.json(), request.caller);
        return submitted.ok
          ? jsonReply({ study: submitted.study, warnings: submitted.warnings }, 201)
          : jsonReply({ problems: submitted.problems }, 422);
      },
    },
    {
      method: "POST",
      path: /^\/api\/studies\/([^/]+)\/cancel$/,
      handle: (request) =>
        withReason(request, async (who, why) => {
          const study = studyIdSchema.safeParse(request.params[0]);
          return study.success ? cancelStudy(ports.stop, study.data, who, why) : null;
        }),
    },
    {
      method: "POST",
      path: /^\/api\/studies\/([^/]+)\/change$/,
      handle: (request) => changeStudy(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/studies\/([^/]+)\/pause$/,
      handle: (request) => pauseStudy(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/studies\/([^/]+)\/resume$/,
      handle: (request) => resumeStudy(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/trials\/([^/]+)\/cancel$/,
      handle: (request) => orderCancel(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/trials\/([^/]+)\/intervene$/,
      handle: (request) => orderIntervention(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/stop$/,
      handle: (request) => withReason(request, (who, why) => stopAll(ports.stop, who, why)),
    },
    {
      method: "POST",
      path: /^\/api\/nodes\/([^/]+)\/self-test$/,
      handle: (request) => orderSelfTest(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/nodes\/([^/]+)\/clear$/,
      handle: (request) => orderClear(ports.stop, request),
    },
    {
      method: "POST",
      path: /^\/api\/nodes\/([^/]+)\/(?:un)?drain$/,
      handle: (request) => orderDrain(ports.stop, request, !request.path.endsWith("/undrain")),
    },
    {
      method: "GET",
      path: /^\/api\/nodes$/,
      handle: () => jsonReply({ nodes: nodesOf(ports), otherVersions: otherVersionsOf(ports) }),
    },
    {
      method: "GET",
      path: /^\/api\/journal$/,
      async handle({ query }) {
        const after = wholeOf(query.get("after"));
        const waitMs = wholeOf(query.get("waitMs"));
        if (after === null || waitMs === null)
          return jsonReply({ problems: ["after and waitMs are whole numbers from 0 on"] }, 422);
        await store.reader.waitBeyond(after, Math.min(waitMs, MAX_WAIT_MS));
        const lines = await store.reader.read(after);
        return jsonReply({ lines, head: store.reader.head });
      },
    },
  ];
}

async function withReason(
  request: HttpRequest,
  act: (who: string, why: string) => Promise<Stopped | null>,
): Promise<HttpReply> {
  const body = whyRequestSchema.safeParse(await request.json());
  if (!body.success) return jsonReply({ problems: body.error.issues.map((issue) => issue.message) }, 422);
  const stopped = await act(body.data.who, body.data.why);
  return stopped === null ? jsonReply({ error: "there is no such study" }, 404) : jsonReply(stopped);
}

/** Every node that was ever seen. One not heard of since this daemon began has the age of its last change. */
function nodesOf({ store, heard, clock }: ApiPorts) {
  const attempts = attemptsOn(store.state);
  return [...store.state.nodes].map(([node, view]: [NodeId, NodeView]) => {
    const last = heard(node);
    return {
      inventory: last?.inventory ?? view.inventory,
      ageMs: Math.max(
        0,
        Math.round(
          last === undefined
            ? clock.now().getTime() - Date.parse(view.seenAt)
            : clock.monoMs() - last.heardMs,
        ),
      ),
      goneWhy: view.goneWhy,
      quarantinedWhy: view.containment.quarantinedWhy,
      drained: view.drained,
      attempts: attempts.get(node) ?? 0,
    };
  });
}

const otherVersionsOf = ({ otherVersions, clock }: ApiPorts) =>
  [...otherVersions()].map(([node, { theirs, upgrade, heardMs }]) => ({
    node,
    protocol: theirs,
    why: upgrade,
    ageMs: Math.max(0, Math.round(clock.monoMs() - heardMs)),
  }));

/** Null unless it is a whole number; 0 when it is missing. */
function wholeOf(text: string | null): number | null {
  if (text === null) return 0;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
