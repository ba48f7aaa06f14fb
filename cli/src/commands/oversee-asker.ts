import { createInterface } from "node:readline";

/** Where a person answers. */
export interface Asker {
  /** The next line that is typed after this was asked; null at the end of the input. Rejects when the signal aborts. */
  ask(prompt: string, signal: AbortSignal): Promise<string | null>;
  close(): void;
}

/** Standard input, a line at a time; null where it is no terminal. The terminal itself echoes what is typed. */
export function terminalAsker(write: (text: string) => void): Asker | null {
  if (!process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, terminal: false });
  let take: ((line: string | null) => void) | null = null;
  let ended = false;
  // A line that nobody waits for was typed before its question stood there: it answers nothing.
  lines.on("line", (line) => take?.(line));
  lines.on("close", () => {
    ended = true;
    take?.(null);
  });
  return {
    ask(prompt, signal) {
      return new Promise((resolve, reject) => {
        const end = () => {
          take = null;
          signal.removeEventListener("abort", onAbort);
        };
        const onAbort = () => {
          end();
          write("\n");
          reject(signal.reason instanceof Error ? signal.reason : new Error("no longer asked"));
        };
        if (signal.aborted) {
          onAbort();
          return;
        }
        write(prompt);
        if (ended) {
          resolve(null);
          return;
        }
        signal.addEventListener("abort", onAbort, { once: true });
        take = (line) => {
          end();
          resolve(line);
        };
      });
    },
    close: () => lines.close(),
  };
}
