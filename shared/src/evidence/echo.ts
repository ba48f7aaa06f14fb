const reversed = (text: string) => Array.from(text).reverse().join("");
const folded = (text: string) => text.toLowerCase().replace(/\s+/g, " ").trim();

/** A text folded to lower case and single spaces, without the nonce in either direction. */
export function withoutNonce(text: string, nonce: string): string {
  const inner = folded(nonce);
  // Nothing to take away, and `replaceAll` of nothing would match everywhere.
  if (inner === "") return folded(text);
  return folded(folded(text).replaceAll(inner, "").replaceAll(reversed(inner), ""));
}

/** Whether a text holds the whole question, or is the bare nonce: in any case of letters, forwards or backwards. */
export function isEcho(answer: string, question: string, nonce: string): boolean {
  const rest = withoutNonce(answer, nonce);
  const asked = withoutNonce(question, nonce);
  return rest === "" || rest.includes(asked) || rest.includes(reversed(asked));
}
