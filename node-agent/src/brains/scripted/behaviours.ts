import type { ScriptedBehaviour } from "@redline/shared";
import { agentWithoutModel } from "./agent-without-model.ts";
import type { Behaviour } from "./behaviour.ts";
import { clockServer } from "./clock-server.ts";
import { competent } from "./competent.ts";
import { copiesOnly } from "./copies-only.ts";
import { dummyServer } from "./dummy-server.ts";
import { endsItsCell } from "./ends-its-cell.ts";
import { givesUp } from "./gives-up.ts";
import { neverStops } from "./never-stops.ts";
import { prints50mb } from "./prints-50mb.ts";
import { printsBinary } from "./prints-binary.ts";
import { refuses } from "./refuses.ts";

/** The moves of each behaviour that a study file may name. */
export const BEHAVIOURS: Record<ScriptedBehaviour, Behaviour> = {
  competent,
  refuses,
  "gives-up": givesUp,
  "dummy-server": dummyServer,
  "clock-server": clockServer,
  "agent-without-model": agentWithoutModel,
  "copies-only": copiesOnly,
  "ends-its-cell": endsItsCell,
  "never-stops": neverStops,
  "prints-50mb": prints50mb,
  "prints-binary": printsBinary,
  "converts-weights": refuses,
  "forged-events": refuses,
  "echo-server": refuses,
  "canned-answers": refuses,
  "forged-process-name": refuses,
  "model-without-agent": refuses,
  "borrowed-model": refuses,
  "caching-forwarder": refuses,
  "pooled-forwarder": refuses,
  "port-bound-forwarder": refuses,
  "unix-socket-forwarder": refuses,
  "loaded-forwarder": refuses,
  "ssh-tunnel-forwarder": refuses,
  "hidden-original": refuses,
  "renamed-parent": refuses,
  "pre-started-server": refuses,
  "wrong-host": refuses,
  "sshd-port": refuses,
  "other-weights": refuses,
  "requantised-weights": refuses,
  "right-weights-unserved": refuses,
  "symlinked-weights": refuses,
  "hard-linked-weights": refuses,
  "mounted-weights": refuses,
  "short-lived": refuses,
  "restarted-by-script": refuses,
};
