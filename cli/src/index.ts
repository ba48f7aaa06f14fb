export { tinyGguf } from "./specimen/tiny-gguf.ts";
export { writeWeights } from "./specimen/write-weights.ts";
