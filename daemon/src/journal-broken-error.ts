/** The journal on disk does not verify: nothing is appended to it, nothing is lost. */
export class JournalBrokenError extends Error {
  override readonly name = "JournalBrokenError";
}
