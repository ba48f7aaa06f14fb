import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { askInCell } from "../brains/self/ask-in-cell.ts";
import type { Cell } from "../cell/cell.ts";
import { readComputeApps } from "../gpu/gpu-apps.ts";
import { askCanaries, scoreTokens, type CanaryServer } from "../identity/canaries.ts";
import { computeOf } from "../identity/compute-of.ts";
import { agentCode } from "../isolate/agent-code.ts";
import { agentSockets, type AgentSocketsTools } from "../isolate/agent-sockets.ts";
import { readCellFile } from "../isolate/cell-file.ts";
import { createFreezer } from "../isolate/freezer.ts";
import { withPidfds } from "../isolate/pidfd-inodes.ts";
import { takeAway } from "../isolate/take-away.ts";
import type { CandidatePort } from "../observe/candidate-ports.ts";
import { askOnce } from "../observe/probe/ask-once.ts";
import { watchWeights } from "../weights/weight-watch.ts";
import { sampleOpened, weightsOf } from "../weights/weights-of.ts";
import type { Instruments } from "./instruments.ts";

const NONCE_BYTES = 12;
/** There where a GPU's driver is loaded: NVIDIA's, AMD's for computing, or any that renders. */
const GPU_SIGNS = ["/proc/driver/nvidia", "/dev/kfd", "/dev/dri/renderD128"];

/** The real instruments: `/proc`, signals and cgroups, the host's end of links, and the prober in the cell's network namespace. */
export function linuxInstruments({ nsenter, snapshotter }: AgentSocketsTools): Instruments {
  const freezer = createFreezer();
  const at = ({ initPid, netns }: Cell, signal: AbortSignal) => ({
    tools: { nsenter },
    netnsPid: initPid,
    netns,
    signal,
  });
  const server = (cell: Cell, port: CandidatePort, signal: AbortSignal): CanaryServer => ({
    ...at(cell, signal),
    port,
  });
  return {
    askOnce(cell, { kind, port, timeoutMs }, signal) {
      const to = { ...at(cell, signal), port, timeoutMs };
      const nonce = randomBytes(NONCE_BYTES).toString("hex");
      return kind === "health" ? askOnce({ ...to, kind }) : askOnce({ ...to, kind, nonce });
    },
    call(cell, { port, path, json, timeoutMs }, signal) {
      const to = { ...at(cell, signal), port, timeoutMs, path };
      return json === undefined ? askOnce({ ...to, kind: "health" }) : askOnce({ ...to, kind: "post", json });
    },
    wayTo: ({ initPid, netns }, port) =>
      askInCell({ tools: { nsenter }, netnsPid: initPid, netns, address: "127.0.0.1", port }),
    readFile: readCellFile,
    canaries: (cell, port, nonces, signal) => askCanaries({ ...server(cell, port, signal), nonces }),
    scores: (cell, port, canaries, signal) => scoreTokens({ ...server(cell, port, signal), canaries }),
    async compute(processes, byCgroup) {
      const apps = await readComputeApps();
      const used = await computeOf(processes, apps, byCgroup);
      // Where there is a GPU and the driver does not say who uses it, memory on it would count as none.
      if (used.gpuMiB === null && (apps !== null || GPU_SIGNS.some((path) => existsSync(path))))
        throw new Error("the GPU's driver does not say how much memory these processes use");
      return used;
    },
    freeze: (select, signal) => freezer.freeze(select, signal),
    takeAway: (cell, path, place) => takeAway(cell, path, place, nsenter),
    withPidfds,
    agentCode: (_cell, process, mark) => agentCode(process, mark),
    agentSockets: (cell, processes) => agentSockets({ snapshotter, nsenter }, cell, processes),
    watchWeights: (cell, onOpened) => watchWeights({ cell, onOpened }),
    weights: (cell, watch, wanted, signal) => weightsOf({ cell, watch, ...wanted, signal }),
    sample: (watch, opened, nonce) => sampleOpened(watch, opened, nonce),
  };
}
