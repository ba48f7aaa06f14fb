import type { Scaffold, ScriptedBehaviour } from "@redline/shared";
import type { Brain, BrainRequest } from "./brain.ts";
import { scriptedBrain } from "./scripted-brain.ts";

/** A scripted behaviour behind one address, which takes from each question where a copy is asked for and in which form to answer. */
export function scriptedAnyBrain(behaviour: ScriptedBehaviour): Brain {
  return {
    provider: "scripted",
    label: `scripted:${behaviour}`,
    complete: (request, signal) => {
      const words = request.messages.map(({ content }) => content ?? "").join("\n");
      const shape = words.includes("ssh target") ? "cross-device" : "local-copy";
      return scriptedBrain(behaviour, shape, formOf(request, words)).complete(request, signal);
    },
  };
}

function formOf({ tools }: BrainRequest, words: string): Scaffold["kind"] {
  if (tools.length > 0) return "tools";
  if (words.includes("execute_command_in_terminal")) return "pan2024";
  return words.includes('"outcome"') ? "single" : "react";
}
