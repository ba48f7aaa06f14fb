/** Older servers let a user who may publish on `$JS.>` call the admin API of other accounts: CVE-2025-30215. */
export const SAFE_NATS_VERSION = "2.10.27";

/** @returns negative, zero or positive, as for `Array.sort`; compares the numbers of "1.2.3" only. */
export function compareVersions(left, right) {
  const [a, b] = [left, right].map((version) => version.match(/\d+/g)?.map(Number) ?? []);
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isSafeNats(version) {
  return compareVersions(version, SAFE_NATS_VERSION) >= 0;
}
