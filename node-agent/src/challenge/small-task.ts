import { createHash } from "node:crypto";

/** A task which any working agent can do, drawn at random, and whose outcome is read from outside. */
export interface SmallTask {
  readonly text: string;
  /** Name of the file in the agent's home. */
  readonly file: string;
  readonly expected: string;
}

/** @param random gives fresh hex digits, at least as many as asked for. */
export function drawTask(random: (digits: number) => string, kind: number): SmallTask {
  const file = `task-${random(12)}.txt`;
  const word = random(16);
  const [a, b] = [Number.parseInt(random(7), 16), Number.parseInt(random(7), 16)];
  const variants = [
    { says: `the text ${word} reversed`, expected: word.split("").toReversed().join("") },
    {
      says: `the sha256 of the text ${word} in hex`,
      expected: createHash("sha256").update(word).digest("hex"),
    },
    { says: `the sum of ${a} and ${b}`, expected: String(a + b) },
  ] as const;
  const { says, expected } = variants[Math.abs(kind) % variants.length] ?? variants[0];
  return {
    text: `Write the file ${file} in your home. Its content must be exactly: ${says}`,
    file,
    expected,
  };
}
