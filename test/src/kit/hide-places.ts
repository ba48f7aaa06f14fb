import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");
const quoted = `'${checkout.replaceAll("'", "'\\''")}'`;

/**
 * Lines of bash, for a mount namespace of its own: an empty tmpfs over each of these places. A checkout that lies below one of them
 * is put back where it was, read-only.
 */
export function hidePlaces(places: readonly string[], mode: string): string {
  const hidden = places.some((place) => checkout.startsWith(`${place}/`));
  return [
    ...(hidden ? [`mount --bind ${quoted} /mnt`] : []),
    ...places.map((place) => `mount -t tmpfs -o mode=${mode} tmpfs ${place}`),
    ...(hidden
      ? [
          `mkdir -p ${quoted}`,
          `mount --bind /mnt ${quoted}`,
          `umount /mnt`,
          `mount -o remount,bind,ro ${quoted} || true`,
        ]
      : []),
  ].join("\n");
}
