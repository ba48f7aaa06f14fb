/**
 * Remembers since when a condition holds, by the coordinator's own clock. A condition that was not asked for
 * during a pass is forgotten. Empty after a restart: whatever waits gets one fresh period.
 */
export class FirstSeen {
  #before = new Map<string, number>();
  #now = new Map<string, number>();

  /** Starts a pass. */
  begin(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** Monotonic time at which the condition was first asked for in an unbroken row of passes. */
  since(condition: string, nowMs: number): number {
    const at = this.#now.get(condition) ?? this.#before.get(condition) ?? nowMs;
    this.#now.set(condition, at);
    return at;
  }
}
