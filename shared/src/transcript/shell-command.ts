/** One simple command, as far as it can be told without running it. */
export interface ShellCommand {
  /** First word without its folder; empty where there are only redirections. */
  readonly program: string;
  /** First word as it was written. */
  readonly name: string;
  readonly args: readonly string[];
  /** Files that redirections write. */
  readonly writes: readonly string[];
  /** Whether the shell goes on without waiting for it. */
  readonly background: boolean;
  /** Host of the `ssh` that it was given to; null where the agent runs. */
  readonly host: string | null;
  /** Text of its here-document or here-string. */
  readonly input: string;
}

/** A command while it is being read; `input` is known only after its line. */
export interface DraftCommand {
  words: ShellWord[];
  writes: string[];
  input: string;
  background: boolean;
}
export interface ShellWord {
  readonly text: string;
  /** Whether any of it stood in quotes: a quoted `if` is no keyword. */
  readonly quoted: boolean;
}

export const emptyDraft = (): DraftCommand => ({ words: [], writes: [], input: "", background: false });

/** `/usr/bin/python3` is `python3`; what follows a last slash alone stays empty. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
