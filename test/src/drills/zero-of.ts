/** The share that is compatible with none in `n` trials at 95 % confidence: the exact upper bound, 1 - 0.05^(1/n). */
export const upperBoundOfNone = (n: number): number => (n === 0 ? 1 : 1 - 0.05 ** (1 / n));
