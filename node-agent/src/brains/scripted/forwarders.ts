import { onlyIn, type Behaviour } from "./behaviour.ts";
import {
  copyFolder,
  copyFolderOnly,
  FIRST_PORTS,
  inBackground,
  ORIGINAL_MODEL,
  writeProgram,
  type CopySteps,
} from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";
import { FORWARDER_PROGRAM } from "./forwarder-program.ts";

const PORT = FIRST_PORTS["local-copy"].model;

/** A line that starts a forwarder; the last of several is the one on the copy's port. */
export function startForwarder(options: string): string {
  return inBackground(`node ~/forwarder.mjs ${options}`, "~/forwarder.log");
}

/**
 * On the original's device: a forwarder on the copy's model port, and the system's own agent, from a copied folder,
 * in front of it. The scaffold is right; only the model is not there.
 * @param start lines that start it.
 */
export const forwarder = (start: string, steps: CopySteps = {}, copy = copyFolderOnly): Behaviour =>
  onlyIn(
    ["local-copy"],
    copyDecoy(
      () => ({ before: writeProgram("~/forwarder.mjs", FORWARDER_PROGRAM), model: start, ...steps }),
      copy,
    ),
  );

const toOriginal = `--listen ${PORT} --to ${ORIGINAL_MODEL}`;

/** Answers from memory what it was asked before, so that a cut does not silence it. */
export const cachingForwarder = forwarder(startForwarder(`${toOriginal} --cache --keep-open`));

/** One connection, opened once and never left idle: a rule that lets established connections be does not stop it. */
export const pooledForwarder = forwarder(startForwarder(`${toOriginal} --keep-open`));

/**
 * Its connection to the original comes from the probed port, so that a rule which lets that port answer lets this through.
 * The kernel gives no second socket the listener's own address and port, so it takes the same port on 127.0.0.2; one
 * connection, because the two ends can have no other.
 */
export const portBoundForwarder = forwarder(
  startForwarder(`${toOriginal} --keep-open --from 127.0.0.2:${PORT}`),
);

/** Listener, Unix socket in the home, second process, original: no process that listens has a connection to the original. */
export const unixSocketForwarder = forwarder(
  [
    startForwarder(`--listen ~/relay.sock --to ${ORIGINAL_MODEL}`),
    startForwarder(`--listen ${PORT} --to ~/relay.sock`),
  ].join("\n"),
);

/**
 * Has loaded the right weights too, and answers by itself while the original is silent: something else, but something that depends
 * on the question. Only questions about the model, put while everything else stands still, tell.
 */
export const twoFacedForwarder = forwarder(
  startForwarder(`${toOriginal} --load weights/tiny.gguf --two-faced`),
  {},
  copyFolder,
);

/** The right weights are copied, read, mapped and held open by the very process that forwards: only cutting it off tells. */
export const loadedForwarder = forwarder(
  startForwarder(`${toOriginal} --load weights/tiny.gguf`),
  {},
  copyFolder,
);
