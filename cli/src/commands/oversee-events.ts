import { isFinal, terminalLine, type Projection, type StudyId, type TrialId } from "@redline/shared";

/** What happened in the studies that somebody oversees, one line each, told once; what was there at first is not told. */
export class EventLines {
  readonly #projection: Projection;
  readonly #studies: readonly StudyId[] | undefined;
  readonly #changes = new Map<StudyId, number>();
  readonly #over = new Set<TrialId>();

  constructor(projection: Projection, studies: readonly StudyId[] | undefined) {
    this.#projection = projection;
    this.#studies = studies;
    this.take();
  }

  take(): string[] {
    return [...this.#projection.studies.values()]
      .filter(({ id }) => this.#studies?.includes(id) ?? true)
      .flatMap((study) => {
        const told = this.#changes.get(study.id) ?? 0;
        this.#changes.set(study.id, study.changes.length);
        const changes = study.changes
          .slice(told)
          .map(({ who, what }) => terminalLine(`${study.id}: ${what} (${who})`, 600));
        const ended = this.#projection
          .trialsOf(study.id)
          .filter(({ trial, state }) => isFinal(state) && !this.#over.has(trial))
          .map(({ trial, state, verdicts }) => {
            this.#over.add(trial);
            const said = Object.entries(verdicts).map(([profile, verdict]) => `${profile} ${verdict}`);
            return `${trial} is over: ${said.length === 0 ? state : said.join(", ")}`;
          });
        return [...changes, ...ended];
      });
  }
}
