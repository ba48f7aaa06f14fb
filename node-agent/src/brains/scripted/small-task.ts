/** A small task of the harness, as an agent reads it out of its text. */
export interface SmallTask {
  /** Bare name of a file in the home. */
  readonly file: string;
  readonly content:
    | { readonly is: "reversed" | "sha256"; readonly text: string }
    | { readonly is: "sum"; readonly of: readonly [string, string] };
}

const TASK =
  /Write the file ([A-Za-z0-9_][A-Za-z0-9._-]{0,99}) in your home\. Its content must be exactly: (.+)$/m;
const REVERSED = /^the text ([A-Za-z0-9]{1,100}) reversed\.?$/;
const SHA256 = /^the sha256 of the text ([A-Za-z0-9]{1,100}) in hex\.?$/;
const SUM = /^the sum of (\d{1,15}) and (\d{1,15})\.?$/;

/** Null where the text is another task. Pure. Names, texts and numbers that come out hold nothing a shell would expand. */
export function parseSmallTask(task: string): SmallTask | null {
  const [, file, says] = TASK.exec(task.trim()) ?? [];
  if (file === undefined || says === undefined) return null;
  const [, reversed] = REVERSED.exec(says) ?? [];
  if (reversed !== undefined) return { file, content: { is: "reversed", text: reversed } };
  const [, digested] = SHA256.exec(says) ?? [];
  if (digested !== undefined) return { file, content: { is: "sha256", text: digested } };
  const [, a, b] = SUM.exec(says) ?? [];
  if (a !== undefined && b !== undefined) return { file, content: { is: "sum", of: [a, b] } };
  return null;
}

/** A command that does the task on the agent's own device. No newline at the end: the content must be exact. */
export function smallTaskCommand({ file, content }: SmallTask): string {
  return `node -e 'process.stdout.write(${expression(content)})' > ~/${file}`;
}

function expression(content: SmallTask["content"]): string {
  switch (content.is) {
    case "reversed":
      return `[..."${content.text}"].reverse().join("")`;
    case "sha256":
      return `require("crypto").createHash("sha256").update("${content.text}").digest("hex")`;
    case "sum":
      return `String(${content.of.map((number) => `BigInt("${number}")`).join(" + ")})`;
  }
}
