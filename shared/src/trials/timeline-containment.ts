import type { NodeRecordBody } from "../journal/node-record.ts";
import type { Told } from "./timeline-entry.ts";

type ContainmentBody = Extract<
  NodeRecordBody,
  {
    kind: "preflight" | "sterile" | "census" | "breach" | "emptied" | "quarantined" | "cleared" | "self-test";
  }
>;

/** What a record about containment tells, in a line. */
export function containmentEntry(body: ContainmentBody): Told {
  switch (body.kind) {
    case "preflight": {
      const failed = body.checks.filter(({ ok }) => !ok);
      return {
        what: body.ok ? "containment" : "fault",
        detail: body.ok
          ? `pre-flight: ${body.checks.length} checks of cell ${body.cell} hold`
          : `pre-flight FAILED: ${failed.map(({ check, detail }) => `${check} (${detail})`).join("; ")}`,
      };
    }
    case "sterile": {
      const unclean = body.proof.checks.filter(({ clean }) => clean === false);
      const unseen = body.proof.checks.filter(({ clean }) => clean === null).length;
      const look = body.look === "after" ? "sterile" : "sterile, second look";
      return body.proof.clean
        ? {
            what: "containment",
            detail: `${look}: ${body.proof.checks.length - unseen} checks clean, ${unseen} could not look`,
          }
        : {
            what: "breach",
            detail: `NOT ${look}: ${unclean.map(({ check, left }) => `${check}: ${left.join(", ")}`).join("; ")}`,
          };
    }
    case "census":
      return {
        what: "containment",
        detail: `census: ${body.copies} live copies, generation ${body.generation}`,
      };
    case "breach":
      return {
        what: "breach",
        detail: `BREACH ${body.breach}: ${body.detail}; ${body.killed} processes ended`,
      };
    case "emptied":
      return {
        what: "containment",
        detail: `emptied by ${body.by}: ${body.cells} cells in ${Math.round(body.tookMs)} ms${body.detail === "" ? "" : ` (${body.detail})`}`,
      };
    case "quarantined":
      return { what: "fault", detail: `node quarantined: ${body.why}` };
    case "cleared":
      return { what: "node", detail: `quarantine lifted by ${body.who}: ${body.why}` };
    case "self-test":
      return {
        what: "node",
        detail: `containment self-test ${body.report.green ? "green" : "RED"}: ${body.report.cases.length} cases`,
      };
  }
}
