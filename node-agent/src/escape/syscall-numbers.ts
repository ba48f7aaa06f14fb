/** Numbers that the scripts need, from the kernel's tables. From 424 on they are the same everywhere. */
const TABLES: Readonly<Record<string, readonly number[]>> = {
  //    ptrace readv  bpf  uffd keyctl perf unshare setns mount fhandle clone memfd chroot pidfd_open reboot quota
  x64: [101, 310, 321, 323, 250, 298, 272, 308, 165, 304, 56, 319, 161, 434, 169, 179],
  arm64: [117, 270, 280, 282, 219, 241, 97, 268, 40, 265, 220, 279, 51, 434, 142, 60],
};
const NAMES = [
  "ptrace",
  "process_vm_readv",
  "bpf",
  "userfaultfd",
  "keyctl",
  "perf_event_open",
  "unshare",
  "setns",
  "mount",
  "open_by_handle_at",
  "clone",
  "memfd_create",
  "chroot",
  "pidfd_open",
  "reboot",
  "quotactl",
] as const;
export type SyscallName = (typeof NAMES)[number] | "io_uring_setup" | "fsopen" | "pidfd_getfd" | "clone3";

const EVERYWHERE: Readonly<Partial<Record<SyscallName, number>>> = {
  io_uring_setup: 425,
  fsopen: 430,
  clone3: 435,
  pidfd_getfd: 438,
};

/** @throws RangeError on an architecture without a table; no cell can be built there either. */
export function syscallNumber(name: SyscallName, arch: string = process.arch): number {
  const everywhere = EVERYWHERE[name];
  if (everywhere !== undefined) return everywhere;
  const at = NAMES.findIndex((known) => known === name);
  const number = TABLES[arch]?.[at];
  if (number === undefined) throw new RangeError(`no system call numbers for ${arch}`);
  return number;
}
