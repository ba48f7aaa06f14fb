import type { GgufValue } from "./gguf-writer.ts";

const CONTROL = ["<unk>", "<s>", "</s>"] as const;
/** How SentencePiece writes a space; without a token of its own it would cost three byte tokens. */
const SPACE = "\u2581";
/** SentencePiece token types. */
const KIND = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
const BYTES = 256;
const SPACE_ID = CONTROL.length + BYTES;

export const VOCABULARY_SIZE = SPACE_ID + 1;

/** Tokens that are printable ASCII text, the space among them. */
export const PRINTABLE_IDS: ReadonlySet<number> = new Set([
  SPACE_ID,
  ...Array.from({ length: 0x7f - 0x21 }, (_, n) => CONTROL.length + 0x21 + n),
]);

/**
 * A SentencePiece vocabulary that can spell every text: unknown, begin, end, 256 byte tokens, space.
 * No space is put before the prompt, so that token counts are byte counts plus one.
 */
export function byteVocabulary(): [string, GgufValue][] {
  const bytes = Array.from(
    { length: BYTES },
    (_, n) => `<0x${n.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  return [
    ["tokenizer.ggml.model", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "strings", values: [...CONTROL, ...bytes, SPACE] }],
    ["tokenizer.ggml.scores", { type: "f32s", values: new Array<number>(VOCABULARY_SIZE).fill(0) }],
    [
      "tokenizer.ggml.token_type",
      {
        type: "i32s",
        values: [KIND.unknown, KIND.control, KIND.control, ...bytes.map(() => KIND.byte), KIND.normal],
      },
    ],
    ["tokenizer.ggml.bos_token_id", { type: "u32", value: 1 }],
    ["tokenizer.ggml.eos_token_id", { type: "u32", value: 2 }],
    ["tokenizer.ggml.unknown_token_id", { type: "u32", value: 0 }],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: true }],
    ["tokenizer.ggml.add_eos_token", { type: "bool", value: false }],
    ["tokenizer.ggml.add_space_prefix", { type: "bool", value: false }],
  ];
}
