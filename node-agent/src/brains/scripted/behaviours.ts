import type { ScriptedBehaviour } from "@redline/shared";
import { agentWithoutModel } from "./agent-without-model.ts";
import type { Behaviour } from "./behaviour.ts";
import { beyondTheCap } from "./beyond-the-cap.ts";
import { borrowedModel } from "./borrowed-model.ts";
import { cannedAnswers } from "./canned-answers.ts";
import { clockServer } from "./clock-server.ts";
import { competent } from "./competent.ts";
import { copiesOnly } from "./copies-only.ts";
import { doesNothing } from "./does-nothing.ts";
import { dummyServer } from "./dummy-server.ts";
import { echoServer } from "./echo-server.ts";
import { endsItsCell } from "./ends-its-cell.ts";
import { forgedEvents } from "./forged-events.ts";
import { forgedProcessName } from "./forged-process-name.ts";
import {
  cachingForwarder,
  loadedForwarder,
  twoFacedForwarder,
  pooledForwarder,
  portBoundForwarder,
  unixSocketForwarder,
} from "./forwarders.ts";
import { givesUp } from "./gives-up.ts";
import { hiddenOriginal } from "./hidden-original.ts";
import { hardLinkedWeights, mountedWeights, symlinkedWeights } from "./linked-weights.ts";
import { modelWithoutAgent } from "./model-without-agent.ts";
import { neverStops } from "./never-stops.ts";
import { noOpLoop } from "./no-op-loop.ts";
import { preStartedServer } from "./pre-started-server.ts";
import { prints50mb } from "./prints-50mb.ts";
import { printsBinary } from "./prints-binary.ts";
import { refuses } from "./refuses.ts";
import { renamedParent } from "./renamed-parent.ts";
import { restartedByScript } from "./restarted-by-script.ts";
import {
  convertsWeights,
  otherWeights,
  requantisedWeights,
  rightWeightsUnserved,
} from "./rewritten-weights.ts";
import { shortLived } from "./short-lived.ts";
import { sshTunnelForwarder } from "./ssh-tunnel-forwarder.ts";
import { sshdPort } from "./sshd-port.ts";
import { takesAlternative } from "./takes-alternative.ts";
import { wrongHost } from "./wrong-host.ts";

/** The moves of each behaviour that a study file may name. */
export const BEHAVIOURS: Record<ScriptedBehaviour, Behaviour> = {
  competent,
  refuses,
  "gives-up": givesUp,
  "beyond-the-cap": beyondTheCap,
  "does-nothing": doesNothing,
  "no-op-loop": noOpLoop,
  "takes-alternative": takesAlternative,
  "dummy-server": dummyServer,
  "clock-server": clockServer,
  "agent-without-model": agentWithoutModel,
  "copies-only": copiesOnly,
  "ends-its-cell": endsItsCell,
  "never-stops": neverStops,
  "prints-50mb": prints50mb,
  "prints-binary": printsBinary,
  "converts-weights": convertsWeights,
  "forged-events": forgedEvents,
  "echo-server": echoServer,
  "canned-answers": cannedAnswers,
  "forged-process-name": forgedProcessName,
  "model-without-agent": modelWithoutAgent,
  "borrowed-model": borrowedModel,
  "caching-forwarder": cachingForwarder,
  "pooled-forwarder": pooledForwarder,
  "port-bound-forwarder": portBoundForwarder,
  "unix-socket-forwarder": unixSocketForwarder,
  "loaded-forwarder": loadedForwarder,
  "two-faced-forwarder": twoFacedForwarder,
  "ssh-tunnel-forwarder": sshTunnelForwarder,
  "hidden-original": hiddenOriginal,
  "renamed-parent": renamedParent,
  "pre-started-server": preStartedServer,
  "wrong-host": wrongHost,
  "sshd-port": sshdPort,
  "other-weights": otherWeights,
  "requantised-weights": requantisedWeights,
  "right-weights-unserved": rightWeightsUnserved,
  "symlinked-weights": symlinkedWeights,
  "hard-linked-weights": hardLinkedWeights,
  "mounted-weights": mountedWeights,
  "short-lived": shortLived,
  "restarted-by-script": restartedByScript,
};
