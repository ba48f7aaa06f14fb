import { jsonReply, type Route } from "@redline/daemon";
import type { Standing } from "./leader-candidate.ts";

/** The same routes; on a standby every change is refused with the leader's name, and reads are answered. */
export const leaderRoutes = (routes: readonly Route[], standing: Readonly<Standing>): Route[] =>
  routes.map((route) =>
    route.method === "GET"
      ? route
      : {
          ...route,
          handle: (request) => (standing.leads ? route.handle(request) : refusal(standing.leader)),
        },
  );

function refusal(leader: string | null) {
  const who = leader === null ? "nobody leads at the moment" : `${leader} leads`;
  return jsonReply({ error: `this coordinator is the standby; ${who}: ask that one`, leader }, 503);
}
