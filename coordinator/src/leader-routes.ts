import { jsonReply, type Route } from "@redline/daemon";
import { NotLeadingError } from "./journal-store.ts";
import type { Standing } from "./leader-ports.ts";

/** The same routes; on a standby every change is refused with the leader's name, and reads are answered. */
export const leaderRoutes = (routes: readonly Route[], standing: Readonly<Standing>): Route[] =>
  routes.map((route) =>
    route.method === "GET"
      ? route
      : {
          ...route,
          handle: async (request) => {
            if (!standing.leads) return refusal(standing.leader);
            try {
              return await route.handle(request);
            } catch (error) {
              // It began to end, or was deposed, while it had the request.
              if (error instanceof NotLeadingError) return refusal(standing.leader);
              throw error;
            }
          },
        },
  );

function refusal(leader: string | null) {
  const who = leader === null ? "nobody leads at the moment" : `${leader} leads`;
  return jsonReply({ error: `this coordinator is the standby; ${who}: ask that one`, leader }, 503);
}
