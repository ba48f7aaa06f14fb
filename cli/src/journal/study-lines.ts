import { readRecordHead, studyOfRecord, type CoordinatorRecord } from "@redline/shared";

/**
 * Picks the lines about one study out of a coordinator's journal, in order. The lines by which the daemons of nodes named the keys of
 * their seals are about every study: the newest before the study's submission come right after it.
 */
export class StudyLines {
  readonly #study: string;
  readonly #started = new Map<string, string>();
  #submitted = false;

  constructor(study: string) {
    this.#study = study;
  }

  /** Whether the study was submitted in what was taken so far. */
  get found(): boolean {
    return this.#submitted;
  }

  /** @returns the lines that belong to the export now. */
  take(line: string, record: CoordinatorRecord): string[] {
    const { body } = record;
    if (body.kind === "node-record" && readRecordHead(body.line)?.body.kind === "node-started") {
      if (this.#submitted) return [line];
      this.#started.set(body.node, line);
      return [];
    }
    if (studyOfRecord(record) !== this.#study) return [];
    if (this.#submitted) return [line];
    this.#submitted = true;
    return [line, ...this.#started.values()];
  }
}
