import { run, type Behaviour } from "./behaviour.ts";

/** One command that does nothing, again and again: what ends it is a limit. */
export const noOpLoop: Behaviour = () => run("", ":");
