const REMEMBERED = 100;

/** Work that must not be done twice under one name: who asks again gets the answer of the first time, or its error. */
export class OnceById<T> {
  readonly #done = new Map<string, Promise<T>>();

  of(id: string, work: () => Promise<T>): Promise<T> {
    const known = this.#done.get(id);
    if (known !== undefined) return known;
    const result = work();
    this.#done.set(id, result);
    for (const old of [...this.#done.keys()].slice(0, -REMEMBERED)) this.#done.delete(old);
    return result;
  }
}
