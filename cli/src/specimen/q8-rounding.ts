/** Numbers that share one scale. */
const BLOCK = 32;

/**
 * The nearest values that the Q8_0 format of ggml can hold, as numbers again: blocks of 32 with one scale (a half float, largest
 * magnitude / 127) and whole numbers from -127 to 127. Source: ggml `quantize_row_q8_0_ref`.
 */
export function q8Rounded(values: Float32Array): Float32Array {
  const rounded = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += BLOCK) {
    const block = values.subarray(at, at + BLOCK);
    const exact = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    const scale = halfRounded(exact);
    // By the exact scale, as ggml does: only what is stored of it is rounded.
    rounded.set(exact === 0 ? block : block.map((value) => Math.round(value / exact) * scale), at);
  }
  return rounded;
}

/** The nearest half float, for numbers from 0 to 65504. */
function halfRounded(value: number): number {
  if (value === 0) return 0;
  // Below 2^-14 the steps get no smaller.
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(value))) - 10);
  return Math.round(value / step) * step;
}
