import type { NatsConnection } from "@nats-io/transport-node";
import { jsonReply, textReply, type Route } from "@redline/daemon";
import type { NodeGauges, NodeMetrics } from "./metrics.ts";

/** /healthz: the process answers. /readyz: it is connected. /metrics for Prometheus. */
export function metricRoutes(metrics: NodeMetrics, nc: NatsConnection, gauges: () => NodeGauges): Route[] {
  return [
    { method: "GET", path: /^\/healthz$/, handle: () => textReply("ok\n") },
    {
      method: "GET",
      path: /^\/readyz$/,
      handle: () => jsonReply({ nats: !nc.isClosed() }, nc.isClosed() ? 503 : 200),
    },
    {
      method: "GET",
      path: /^\/metrics$/,
      handle: async () => {
        metrics.set(gauges());
        return { status: 200, body: await metrics.render(), type: metrics.contentType };
      },
    },
  ];
}
