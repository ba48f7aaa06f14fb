/** Median and the range that holds the middle 90 % of the values. */
export interface Spread {
  readonly median: number;
  readonly p05: number;
  readonly p95: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: at(0.5), p05: at(0.05), p95: at(0.95) };
}

/** `12.3 ms (10.1 to 15.0)` */
export const show = ({ median, p05, p95 }: Spread): string =>
  `${median.toFixed(1)} ms (${p05.toFixed(1)} to ${p95.toFixed(1)})`;
