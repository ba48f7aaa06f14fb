// @ts-check

/** Exit codes of the launchers. A server that ends later gives its own code, or 128 and the signal's number. */
export const EXIT = { done: 0, usage: 2, checkFailed: 3, notHealthy: 4 };

/** Ends the launcher with a message for people and an exit code. */
export class LaunchError extends Error {
  /** @param {number} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "LaunchError";
    this.code = code;
  }
}

/** A text of another program or of a file on one safe line. @param {unknown} text @param {number} [max] */
export function oneLine(text, max = 300) {
  const clean = String(text)
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g, " ")
    .trim();
  return clean.length > max ? `${clean.slice(0, max)} [${clean.length - max} more characters]` : clean;
}
