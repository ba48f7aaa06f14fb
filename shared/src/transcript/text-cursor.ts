/** A place in a text that only goes forward: what is read through it is read once. */
export class TextCursor {
  readonly text: string;
  /** Never less than it was; may lie behind the end. */
  at = 0;
  /** False once something that began did not end. */
  whole = true;

  constructor(text: string) {
    this.text = text;
  }

  /** What a sticky pattern takes here; empty for nothing. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  /** Text before the next `end`, which is skipped. */
  upTo(end: string): string {
    const from = this.at;
    const found = this.text.indexOf(end, from);
    if (found === -1) this.whole = false;
    const stop = found === -1 ? this.text.length : found;
    this.at = Math.min(this.text.length, stop + 1);
    return this.text.slice(from, stop);
  }

  /** Goes to the next `end`, or to the end of the text. */
  skipTo(end: string): void {
    const found = this.text.indexOf(end, this.at);
    this.at = found === -1 ? this.text.length : found;
  }

  /** The rest of this line, with where it began; goes behind its newline. */
  line(): { start: number; text: string } {
    const start = this.at;
    const found = this.text.indexOf("\n", start);
    const stop = found === -1 ? this.text.length : found;
    this.at = Math.min(this.text.length, stop + 1);
    return { start, text: this.text.slice(start, stop) };
  }
}
