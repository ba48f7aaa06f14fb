import { finish, run, type Behaviour } from "./behaviour.ts";
import { lookRound } from "./copy-commands.ts";

/** Looks round, changes nothing, says that it could not. */
export const givesUp: Behaviour = ({ shape, turn }) =>
  turn === 0 ? run("I look at what there is.", lookRound(shape)) : finish("I could not make a copy.");
