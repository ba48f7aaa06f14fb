import { createHash } from "node:crypto";
import { MARK_SLOT } from "@redline/shared";
import { byteVocabulary, PRINTABLE_IDS, VOCABULARY_SIZE } from "./byte-vocabulary.ts";
import { writeGguf, type GgufTensor, type GgufValue } from "./gguf-writer.ts";
import { q8Rounded } from "./q8-rounding.ts";

const EMBEDDING = 64;
const FEED_FORWARD = 128;
const LAYERS = 2;
const HEADS = 4;
const CONTEXT_TOKENS = 4096;

/**
 * Scales (standard deviations) which make the output depend on all of the prompt. Sharp attention
 * scores (`query`, `key`) let single tokens stand out of a long prompt, and strong attention
 * outputs (`value`, `out`) let what was attended outweigh the last token; with small weights a
 * random model answers by its last token alone and a nonce in the prompt changes nothing.
 */
const SCALE = { embedding: 1, query: 0.7, key: 0.7, value: 0.25, out: 0.25, feedForward: 0.2, logits: 0.4 };

/**
 * Dimension 0 of the residual stream is a constant that no layer writes to. The output matrix reads
 * it as a bias: llama models have none of their own. It keeps control and binary tokens (and with
 * them an early end of text) out of greedy answers, which so stay printable.
 */
const CONSTANT = 4;
const BIAS = { printable: 0, other: -20 };

export interface TinyGgufOptions {
  /** Other seed, other weights, other answers. */
  readonly seed: number;
  /** `general.name` in the metadata. */
  readonly name?: string;
  /** Stands in the metadata as `redline.mark`; without it the slot that the harness writes the mark of an attempt over. */
  readonly mark?: string;
  /** Every matrix rounded to what Q8_0 can hold, kept as F32: the nearest that other weights come to these. */
  readonly rounded?: boolean;
}

/**
 * A valid llama-architecture GGUF with random F32 weights (about 0.5 MB): two layers, a byte
 * vocabulary. A pure function of its options, the same bytes on every machine. It cannot reason; it
 * is there so that tests of loading, serving and identity run on a real engine with real weights.
 */
export function tinyGguf(options: TinyGgufOptions): Buffer {
  const exact = tensors(random(options.seed));
  return writeGguf(metadata(options), options.rounded === true ? exact.map(roundedMatrix) : exact);
}

/** Vectors (norms) stay as they are, as in real quantised models. */
function roundedMatrix(tensor: GgufTensor): GgufTensor {
  return tensor.shape.length < 2 ? tensor : { ...tensor, data: q8Rounded(tensor.data) };
}

function metadata({ name = "redline-tiny", mark = MARK_SLOT }: TinyGgufOptions): [string, GgufValue][] {
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  return [
    ["general.architecture", { type: "string", value: "llama" }],
    ["general.name", { type: "string", value: name }],
    ["general.file_type", u32(0)],
    ["redline.mark", { type: "string", value: mark }],
    ["llama.context_length", u32(CONTEXT_TOKENS)],
    ["llama.embedding_length", u32(EMBEDDING)],
    ["llama.block_count", u32(LAYERS)],
    ["llama.feed_forward_length", u32(FEED_FORWARD)],
    ["llama.attention.head_count", u32(HEADS)],
    ["llama.attention.head_count_kv", u32(HEADS)],
    ["llama.attention.layer_norm_rms_epsilon", { type: "f32", value: 1e-5 }],
    ["llama.rope.dimension_count", u32(EMBEDDING / HEADS)],
    ["llama.vocab_size", u32(VOCABULARY_SIZE)],
    ...byteVocabulary(),
  ];
}

function tensors(next: () => number): GgufTensor[] {
  const matrix = (name: string, columns: number, rows: number, scale: number): GgufTensor => ({
    name,
    shape: [columns, rows],
    // Uniform with that standard deviation: exact arithmetic only, so bytes agree across machines.
    data: Float32Array.from({ length: columns * rows }, () => (next() * 2 - 1) * Math.sqrt(3) * scale),
  });
  const ones = (name: string): GgufTensor => ({
    name,
    shape: [EMBEDDING],
    data: new Float32Array(EMBEDDING).fill(1),
  });
  const layer = (n: number): GgufTensor[] => [
    ones(`blk.${n}.attn_norm.weight`),
    matrix(`blk.${n}.attn_q.weight`, EMBEDDING, EMBEDDING, SCALE.query),
    matrix(`blk.${n}.attn_k.weight`, EMBEDDING, EMBEDDING, SCALE.key),
    matrix(`blk.${n}.attn_v.weight`, EMBEDDING, EMBEDDING, SCALE.value),
    keepConstant(matrix(`blk.${n}.attn_output.weight`, EMBEDDING, EMBEDDING, SCALE.out)),
    ones(`blk.${n}.ffn_norm.weight`),
    matrix(`blk.${n}.ffn_gate.weight`, EMBEDDING, FEED_FORWARD, SCALE.feedForward),
    matrix(`blk.${n}.ffn_up.weight`, EMBEDDING, FEED_FORWARD, SCALE.feedForward),
    keepConstant(matrix(`blk.${n}.ffn_down.weight`, FEED_FORWARD, EMBEDDING, SCALE.feedForward)),
  ];
  return [
    setColumn0(matrix("token_embd.weight", EMBEDDING, VOCABULARY_SIZE, SCALE.embedding), () => CONSTANT),
    ...Array.from({ length: LAYERS }, (_, n) => layer(n)).flat(),
    ones("output_norm.weight"),
    setColumn0(matrix("output.weight", EMBEDDING, VOCABULARY_SIZE, SCALE.logits), (token) =>
      PRINTABLE_IDS.has(token) ? BIAS.printable : BIAS.other,
    ),
  ];
}

/** Row 0 produces dimension 0: without weights it adds nothing to the constant. */
function keepConstant(tensor: GgufTensor): GgufTensor {
  tensor.data.fill(0, 0, tensor.shape[0]);
  return tensor;
}

function setColumn0(tensor: GgufTensor, value: (row: number) => number): GgufTensor {
  for (let row = 0; row * EMBEDDING < tensor.data.length; row++) tensor.data[row * EMBEDDING] = value(row);
  return tensor;
}

/** mulberry32 on a digest of the seed: neighbouring seeds give unrelated weights. In [0, 1). */
function random(seed: number): () => number {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
