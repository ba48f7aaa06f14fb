import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminalLine, terminalText } from "./terminal-text.ts";

describe("terminalText", () => {
  it("leaves ordinary text of any language alone, newline and tab too", () => {
    const text = 'plain\ttext\nGrüße, 你好, שלום, 🙂 🇫🇷 {"a": [1]}';
    expect(terminalText(text)).toBe(text);
  });

  it.each([
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["clear screen and home", "a\u001b[2J\u001b[Hb", "ab"],
    ["a window title, ended by BEL", "a\u001b]0;owned\u0007b", "ab"],
    ["a hyperlink, ended by ST", "\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\", "click"],
    ["a clipboard write that never ends", "a\u001b]52;c;ZXZpbA==", "a"],
    ["a device control string", "a\u001bPq#0;2;0\u001b\\b", "ab"],
    ["a private mode", "\u001b[?1049hx\u001b[?25l", "x"],
    ["a reset", "\u001bcx", "x"],
    ["a charset switch", "\u001b(0x", "x"],
    ["an escape at the very end", "x\u001b", "x"],
    ["an 8-bit CSI", "\u009b31mred", "red"],
    ["an escape behind an escape", "\u001b\u001b[31mx", "x"],
  ])("removes %s", (_name, text, clean) => {
    expect(terminalText(text)).toBe(clean);
  });

  it("shows other control characters as a dot: nothing overwrites a line", () => {
    expect(terminalText("good\rbad\b\b\u0000\u007f\u0085\u009d")).toBe("good·bad······");
  });

  it("removes what turns or hides text", () => {
    expect(terminalText("a\u202egpj.exe\u202c b\u2066c\u2069")).toBe("agpj.exe bc");
    expect(terminalText("pay\u200bpal\ufeff\u200e\u061c\u2028x\u2060")).toBe("paypalx");
    // Tag characters carry unseen text.
    expect(terminalText(`ok${String.fromCodePoint(0xe0049, 0xe0067, 0xe006e)}`)).toBe("ok");
  });

  it("makes lone surrogates visible", () => {
    expect(terminalText("a\ud800b\udc00c")).toBe("a\ufffdb\ufffdc");
    expect(terminalText("\ud83d\u200b\ude42")).toBe("\ufffd\ufffd");
    expect(terminalText("x\udb40\u200b\udc49")).toBe("x\ufffd\ufffd");
  });

  it("cuts, says how much, and never in the middle of a character", () => {
    expect(terminalText("abcdef", 4)).toBe("abcd [2 more characters]");
    expect(terminalText("abc🙂", 4)).toBe("abc\ufffd [1 more characters]");
    expect(terminalText("abcd", 4)).toBe("abcd");
  });

  it("takes 50 MB of escapes in its stride", () => {
    const start = performance.now();
    expect(terminalText("\u001b]".repeat(25_000_000)).length).toBeLessThan(100);
    expect(terminalText("\u001b[0".repeat(100_000), 300_000)).toBe("");
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("is clean for any text, and cleaning again changes nothing", () => {
    const nasty = fc.constantFrom(
      "\u001b",
      "[",
      "]",
      "31m",
      "\u0007",
      "\\",
      "\ud83d",
      "\ude42",
      "\udb40",
      "\udc49",
      "\u200b",
      "\u202e",
      "\u009b",
      "\r",
      "a",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 30 }), (parts) => {
        const clean = terminalText(parts.join(""));
        expect(clean).not.toMatch(
          /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\udb40/,
        );
        expect(clean).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
        expect(terminalText(clean)).toBe(clean);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("terminalLine", () => {
  it("is one line", () => {
    expect(terminalLine("a\n\n\tb\u001b[0m\nc")).toBe("a b c");
    expect(terminalLine("a\rb\u2028c\u0085d")).not.toMatch(/[\r\n\u2028\u0085]/);
  });
});
