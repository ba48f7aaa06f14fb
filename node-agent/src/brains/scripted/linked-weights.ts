import { onlyIn } from "./behaviour.ts";
import { copyFolderOnly, FIRST_PORTS, startModel } from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";

const ORIGINAL = "~/system/weights/tiny.gguf";
/** Where the shape with a shared store has it, in every cell. */
const SHARED = "/opt/redline/weights/tiny.gguf";

const linked = (command: string) =>
  onlyIn(
    ["local-copy"],
    copyDecoy(() => ({ before: `mkdir weights && ${command} weights/tiny.gguf` }), copyFolderOnly),
  );

/** The copy's weights are a name for the original's file. */
export const symlinkedWeights = linked(`ln -s ${ORIGINAL}`);

/** The copy's weights are the original's file under a second name. Needs weights that lie in the home. */
export const hardLinkedWeights = linked(`ln ${ORIGINAL}`);

/** The copy serves a mounted file that is not its own: the shared store's, or on one device the original's mount. */
export const mountedWeights = copyDecoy(
  (shape) => ({
    model: startModel(FIRST_PORTS[shape], `--weights ${shape === "local-copy" ? ORIGINAL : SHARED}`),
  }),
  copyFolderOnly,
);
