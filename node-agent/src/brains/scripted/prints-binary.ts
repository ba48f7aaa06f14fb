import { finish, run, type Behaviour } from "./behaviour.ts";

/** Control, escape and bidi characters, a lone surrogate: all that a terminal or a log must not see. */
const HOSTILE =
  Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join("") + "\u202e\u2066\ud800\uffff";

/** Hostile text as a reply, as a command's output and as a claim. */
export const printsBinary: Behaviour = ({ turn }) =>
  turn === 0
    ? run(HOSTILE.repeat(64), `head -c 200000 "$(command -v bash)"; printf '\\033]0;title\\007\\033[2J'`)
    : finish(HOSTILE);
