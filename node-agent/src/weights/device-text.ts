/** `major:minor` of a device number as `stat` gives it (glibc's split of its 64 bits). */
export function deviceText(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

/** The same of the hexadecimal `fe:00` in `/proc/PID/maps`; null for other text. */
export function deviceOfMap(text: string): string | null {
  const [, major, minor] = /^([0-9a-f]{1,8}):([0-9a-f]{1,8})$/.exec(text) ?? [];
  if (major === undefined || minor === undefined) return null;
  return `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`;
}
