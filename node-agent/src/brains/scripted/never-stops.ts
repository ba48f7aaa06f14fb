import { run, type Behaviour } from "./behaviour.ts";

/** Goes on until a limit ends it. */
export const neverStops: Behaviour = ({ turn }) => run("I go on.", `echo turn ${turn}`);
