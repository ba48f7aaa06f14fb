/**
 * Exact one-sided upper bound of a share (Clopper and Pearson 1934): were the true share any higher, so few events in so many
 * trials would come with less than 5 % probability. For no event it is 1 - 0.05^(1/n), about 3/n. 0 of 0 has the bound 1.
 * @throws RangeError unless 0 <= events <= of, both whole.
 */
export function upperBound95(events: number, of: number): number {
  if (!Number.isInteger(events) || !Number.isInteger(of) || events < 0 || events > of)
    throw new RangeError(`upperBound95(${events}, ${of})`);
  if (events === of) return 1;
  if (events === 0) return -Math.expm1(Math.log(ALPHA) / of);
  let [low, high] = [events / of, 1];
  // Ends when no number lies between the two: the share of doubles in between is halved each time.
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2)
    if (atMost(events, of, middle) > ALPHA) low = middle;
    else high = middle;
  return high;
}

const ALPHA = 0.05;

/** Probability of at most `events` in `of` trials of this probability, which is neither 0 nor 1. */
function atMost(events: number, of: number, probability: number): number {
  const odds = Math.log(probability) - Math.log1p(-probability);
  let log = of * Math.log1p(-probability);
  let sum = Math.exp(log);
  for (let k = 1; k <= events; k += 1) {
    log += Math.log((of - k + 1) / k) + odds;
    sum += Math.exp(log);
  }
  return sum;
}
