/**
 * JSON text that a terminal shows harmlessly and a parser reads as the same data: beyond what JSON
 * escapes itself, C1 controls, bidirectional and invisible characters and tags are written as `\uXXXX`.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g,
    (found) =>
      Array.from({ length: found.length }, (_, n) => found.charCodeAt(n))
        .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
        .join(""),
  );
}
