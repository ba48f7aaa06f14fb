import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SafeStream } from "./safe-stream.ts";

const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;

function shown(...chunks: (string | Buffer)[]): string {
  let text = "";
  const stream = new SafeStream((part) => (text += part));
  for (const chunk of chunks) stream.take(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  stream.end();
  return text;
}

describe("an agent's output on a terminal", () => {
  it("keeps plain text, tabs and other languages, also where bytes of a character come apart", () => {
    expect(shown("one\n\ttwo\r\n", "größer 你好\n")).toBe("one\n\ttwo\ngrößer 你好\n");
    const bytes = Buffer.from("你好");
    expect(shown(bytes.subarray(0, 2), bytes.subarray(2))).toBe("你好");
  });

  it("takes escape sequences out, whole or cut in two", () => {
    expect(shown("\u001b[31mred\u001b[0m \u001b]0;title\u0007end\n")).toBe("red end\n");
    expect(shown("\u001b[3", "1mred\n")).toBe("red\n");
    expect(shown("a\rb\u0007\u202ec\n")).toBe("a·b·c\n");
  });

  it("shows a line without an end in bounded pieces, and a prompt without waiting for its end", async () => {
    const long = shown("x".repeat(50_000));
    expect(long.split("\n").every((line) => line.length <= 8000)).toBe(true);
    expect(long.replaceAll("\n", "")).toHaveLength(50_000);
    let text = "";
    const stream = new SafeStream((part) => (text += part));
    stream.take(Buffer.from("> "));
    await expect.poll(() => text).toBe("> ");
    stream.end();
  });

  it("lets nothing harmful through, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
            fc
              .constantFrom(
                "\u001b",
                "[",
                "31m",
                "\u001b]0;",
                "\u0007",
                "\u009b",
                "\n",
                "\r",
                "text",
                "\u202e",
              )
              .map((t) => Buffer.from(t)),
          ),
          { maxLength: 30 },
        ),
        (chunks) => {
          expect(shown(...chunks)).not.toMatch(HARMFUL);
        },
      ),
    );
  });
});
