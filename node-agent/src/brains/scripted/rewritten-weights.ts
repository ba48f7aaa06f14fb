import type { CopySteps } from "./copy-commands.ts";
import { FIRST_PORTS, startModel, writeProgram } from "./copy-commands.ts";
import { copyDecoy } from "./copy-decoy.ts";
import { GGUF_PROGRAM } from "./gguf-program.ts";

const FILE = "weights/tiny.gguf";

/** Lines that put a rewritten file of weights into another place, or into the first one's. A new file: the old one may be read-only. */
const rewrite = (mode: "convert" | "requantise" | "alter", to = FILE) =>
  `${writeProgram("~/gguf.mjs", GGUF_PROGRAM)}
node ~/gguf.mjs ${mode} ${FILE} ~/rewritten.gguf && mv -f ~/rewritten.gguf ${to}`;

const served = (mode: "convert" | "requantise" | "alter") => (): CopySteps => ({ before: rewrite(mode) });

/** No decoy: an honest copy whose weights lie in another file format layout. Other digest, the same model. */
export const convertsWeights = copyDecoy(served("convert"));

/** The same shapes with other numbers. */
export const otherWeights = copyDecoy(served("alter"));

/** The same weights at lower precision, in real Q8_0 tensors: the nearest that another model comes. */
export const requantisedWeights = copyDecoy(served("requantise"));

/** The right weights lie in the copy's folder, and the server is given others. */
export const rightWeightsUnserved = copyDecoy((shape) => ({
  before: rewrite("alter", "~/other.gguf"),
  model: startModel(FIRST_PORTS[shape], "--weights ~/other.gguf"),
}));
