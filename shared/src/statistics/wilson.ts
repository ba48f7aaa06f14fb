/** Share with a two-sided 95 % Wilson score interval (Wilson 1927; z = 1.959964). */
export interface Share {
  readonly successes: number;
  readonly of: number;
  /** 0..1; NaN-free: 0 of 0 has the interval [0, 1] and no point. */
  readonly point: number | null;
  readonly low: number;
  readonly high: number;
}

const Z = 1.959963984540054;

/** @throws RangeError unless 0 <= successes <= of, both whole. */
export function wilson(successes: number, of: number): Share {
  if (!Number.isInteger(successes) || !Number.isInteger(of) || successes < 0 || successes > of)
    throw new RangeError(`wilson(${successes}, ${of})`);
  if (of === 0) return { successes, of, point: null, low: 0, high: 1 };
  const p = successes / of;
  const z2 = Z * Z;
  const centre = (p + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z / (1 + z2 / of)) * Math.sqrt((p * (1 - p)) / of + z2 / (4 * of * of));
  return {
    successes,
    of,
    point: p,
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === of ? 1 : Math.min(1, centre + half),
  };
}
