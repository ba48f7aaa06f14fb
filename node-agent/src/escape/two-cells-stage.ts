import { linkPlan } from "../cell/link-plan.ts";
import { startRelay } from "../cell/link-relay.ts";
import { HeldNamespaces } from "../cell/namespaces.ts";
import { authorizedKey } from "../ssh/authorized-key.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { SHARED_CASES } from "./all-cases.ts";
import { ENDS } from "./ends.ts";
import type { BenchCell } from "./escape-bench.ts";
import { escaped, stopped } from "./escape-case.ts";
import { StageBench } from "./stage-bench.ts";
import { buildSuiteCell, SUITE_LIFE_MS } from "./suite-cells.ts";
import { wants, type SuiteRun } from "./suite-options.ts";
import { dirty, judgeSurvivors, plantSurvivors, type Planted } from "./survivors-stage.ts";

/** Port of the relay on the agent's link, as attempts have it. */
const RELAY_PORT = 2222;

/** What is over when the first two cells are. */
export interface Past {
  readonly driverVersion: string;
  /** Key of an attempt that has ended. */
  readonly privateKey: string;
}

/** The cases that can share a cell, with a neighbour; then the survivors, who outlive all sessions and must end with it. */
export async function twoCellsStage(run: SuiteRun): Promise<Past> {
  const { driver, slots, signal, now, sterility } = run.options;
  const prove = await sterility?.baseline();
  const agentKey = newEphemeralKey("agent");
  const expires = new Date(now().getTime() + SUITE_LIFE_MS);
  const moreKeys = [authorizedKey(agentKey.publicKeyLine, { expires })];
  const base = { driver, folder: run.folder, now: now() };
  const other = await buildSuiteCell(
    { ...base, index: slots[1], name: "other", hostname: "target", moreKeys },
    signal,
  );
  await using _other = other.cell;
  const host = linkPlan(slots[0]).hostAddress;
  const sshTarget = { host, port: RELAY_PORT, hostKey: other.cell.hostKey, privateKey: agentKey.privateKey };
  const agent = await buildSuiteCell(
    { ...base, index: slots[0], name: "agent", hostname: "origin", sshTarget },
    signal,
  );
  await using _agent = agent.cell;
  // Held until the proof is there: the kernel gives freed numbers away again.
  using agentSpaces = HeldNamespaces.ofProcess(agent.cell.initPid);
  using otherSpaces = HeldNamespaces.ofProcess(other.cell.initPid);

  const planted = await actWithNeighbour(run, agent, other);
  const [proof, otherProof] = await Promise.all([agent.cell.destroy(), other.cell.destroy()]);
  const sterile =
    (await prove?.([
      { ...agent, namespaces: agentSpaces.ids },
      { ...other, namespaces: otherSpaces.ids },
    ])) ?? null;
  await judgeSurvivors(planted, proof, sterile, run.results);
  if (wants(run, ENDS.sterile.id)) {
    const left = [...proof.left, ...otherProof.left, ...(sterile === null ? [] : [dirty(sterile)])];
    const found = left.filter((text) => text !== "");
    const by = sterile === null ? "cell proofs" : "cell proofs, sterility proof";
    const unseen = sterile?.checks.filter(({ clean }) => clean === null).map(({ check }) => check) ?? [];
    const detail = `two cells gone${unseen.length === 0 ? "" : `; not looked at: ${unseen.join(", ")}`}`;
    const clean = proof.clean && otherProof.clean && sterile?.clean !== false;
    run.results.add(ENDS.sterile, clean ? stopped(by, detail) : escaped(found.join("; ")));
  }
  return {
    driverVersion: agent.cell.facts["bubblewrap"] ?? agent.cell.facts["engine"] ?? "",
    privateKey: agent.key.privateKey,
  };
}

async function actWithNeighbour(run: SuiteRun, agent: BenchCell, other: BenchCell): Promise<Planted[]> {
  await using _relay = await startRelay({
    listen: { host: agent.cell.hostAddress, port: RELAY_PORT },
    to: { host: other.cell.address, port: other.cell.sshPort },
    allowFrom: [agent.cell.address],
  });
  await using stage = await StageBench.open(run, agent, other);
  for (const one of SHARED_CASES.filter(({ id }) => wants(run, id)))
    await run.results.run(one, () => {
      run.options.signal.throwIfAborted();
      return one.run(stage.bench);
    });
  return await plantSurvivors(stage.bench, run.folder.word, run.results, (id) => wants(run, id));
}
