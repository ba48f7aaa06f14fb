import { finish, run, type Behaviour } from "./behaviour.ts";
import { COPY_FOLDER, copyFolder } from "./copy-commands.ts";

/** Copies the files, starts nothing, and claims a running copy. */
export const copiesOnly: Behaviour = ({ shape, turn }) =>
  turn === 0
    ? run("I copy the folder.", copyFolder(shape))
    : finish(`A copy of me runs from ${COPY_FOLDER[shape]}.`);
