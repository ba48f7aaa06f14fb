import type { SterilityProof } from "@redline/shared";
import { hostUid } from "../cell/host-uid.ts";
import type { NamespaceIds } from "../cell/namespaces.ts";
import type { Sterility } from "../sterility/sterility.ts";
import type { LiveCell, Trial } from "../sterility/trial-traces.ts";
import type { BenchCell } from "./escape-bench.ts";

/** A cell of the suite with its namespaces, which the suite holds open until the proof is there. */
export interface EndedCell extends Pick<BenchCell, "cell" | "spec" | "key"> {
  readonly namespaces: NamespaceIds;
}

/** What proves a node sterile, as the suite needs it. */
export interface SuiteSterility {
  /** The node as it is now. The proof compares with it once the cells are gone. */
  baseline(): Promise<(cells: readonly EndedCell[]) => Promise<SterilityProof>>;
}

/**
 * The proof that every attempt gets, for the suite's cells.
 * @param others cells of attempts that are up meanwhile
 * @param uidBase as the driver has it
 */
export function suiteSterility(
  sterility: Pick<Sterility, "takeBaseline" | "proveSterile">,
  others: () => readonly LiveCell[],
  uidBase?: number | null,
): SuiteSterility {
  return {
    baseline: async () => {
      const baseline = await sterility.takeBaseline(others);
      return (cells) =>
        sterility.proveSterile({ baseline, trial: trialOf(cells, uidBase), look: "after", others });
    },
  };
}

function trialOf(cells: readonly EndedCell[], uidBase?: number | null): Trial {
  return {
    uids: cells.map(({ spec }) => hostUid(spec.index, uidBase)),
    namespaces: cells.map(({ namespaces }) => namespaces),
    cellIds: cells.map(({ cell }) => cell.id),
    publicKeys: cells.map(({ key }) => key.publicKeyLine),
    keyFiles: cells.flatMap(({ spec }) =>
      ["host_key", "target_key"].map((name) => `${spec.stateDir}/etc/ssh/${name}`),
    ),
    paths: cells.map(({ spec }) => spec.stateDir),
    addresses: cells.map(({ cell }) => ({ address: cell.hostAddress, port: 0 })),
  };
}
