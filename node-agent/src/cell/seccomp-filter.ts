/**
 * The system calls a cell may not make, as a classic BPF program for `bwrap --seccomp`. A deny list on top of
 * "no capabilities, own namespaces": it closes what those leave open, above all AF_VSOCK (the road from a VM to its
 * hypervisor), other people's memory (ptrace and kin) and new user namespaces (kernel surface, and a way out of our census).
 */
interface Arch {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  readonly denied: readonly number[];
  readonly clone: number;
  readonly clone3: number;
  readonly socket: number;
}

// Numbers from each architecture's unistd table. From 424 on they are the same everywhere.
const SHARED_DENIED = [
  425, 426, 427 /* io_uring */, 428, 429, 430, 431, 432, 433, 442 /* the new mount calls */,
  438 /* pidfd_getfd */,
];
const ARCHES: Readonly<Record<string, Arch>> = {
  x64: {
    audit: 0xc000003e,
    denied: [
      101 /* ptrace */,
      310,
      311 /* process_vm_* */,
      312 /* kcmp */,
      321 /* bpf */,
      323 /* userfaultfd */,
      248,
      249,
      250 /* keys */,
      298 /* perf_event_open */,
      272 /* unshare */,
      308 /* setns */,
      165,
      166,
      155 /* mount, umount2, pivot_root */,
      161 /* chroot */,
      303,
      304 /* file handles */,
      246,
      320 /* kexec */,
      175,
      313,
      176 /* modules */,
      167,
      168 /* swap */,
      169 /* reboot */,
      164,
      227,
      159,
      305 /* clocks */,
      163 /* acct */,
      103 /* syslog */,
      172,
      173,
      154 /* iopl, ioperm, modify_ldt */,
      ...SHARED_DENIED,
    ],
    clone: 56,
    clone3: 435,
    socket: 41,
  },
  arm64: {
    audit: 0xc00000b7,
    denied: [
      117,
      270,
      271,
      272,
      280,
      282,
      217,
      218,
      219,
      241,
      97,
      268,
      40,
      39,
      41,
      51,
      264,
      265,
      104,
      294,
      105,
      273,
      106,
      224,
      225,
      142,
      170,
      112,
      171,
      266,
      89,
      116,
      ...SHARED_DENIED,
    ],
    clone: 220,
    clone3: 435,
    socket: 198,
  },
};

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW_ANY = 0x7e020000;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. */
const SOCKET_FAMILIES = [1, 2, 10, 16];
const NETLINK = 16;
const X32_BIT = 0x40000000;

/** Offsets in struct seccomp_data; arguments by their low half (both architectures are little-endian). */
const NR = 0;
const ARCH = 4;
const ARGUMENT = (n: number) => 16 + 8 * n;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const ret = (value: number): Instruction => [0x06, 0, 0, value];
const equal = (value: number, yes: number, no: number): Instruction => [0x15, yes, no, value];
const atLeast = (value: number, yes: number, no: number): Instruction => [0x35, yes, no, value];
const anyBit = (value: number, yes: number, no: number): Instruction => [0x45, yes, no, value];
const ALLOW = ret(0x7fff0000);
const KILL = ret(0x80000000);
const fail = (errno: number) => ret(0x00050000 | errno);

/**
 * The program's bytes (struct sock_filter, little-endian).
 * @throws RangeError on an architecture that has no table: no filter, no cell.
 */
export function seccompFilter(arch: string = process.arch): Buffer {
  const table = ARCHES[arch];
  if (table === undefined) throw new RangeError(`no seccomp table for ${arch}`);
  const program: Instruction[] = [
    load(ARCH),
    equal(table.audit, 1, 0),
    KILL,
    load(NR),
    atLeast(X32_BIT, 0, 1),
    fail(ENOSYS),
    ...table.denied.flatMap((nr) => [equal(nr, 0, 1), fail(EPERM)]),
    // clone3 hides its flags behind a pointer; without it libc falls back to clone.
    equal(table.clone3, 0, 1),
    fail(ENOSYS),
    equal(table.clone, 0, 4),
    load(ARGUMENT(0)),
    anyBit(CLONE_NEW_ANY, 0, 1),
    fail(EPERM),
    ALLOW,
    equal(table.socket, 1, 0),
    ALLOW,
    load(ARGUMENT(0)),
    // Netlink only for routes (libc lists interfaces with it): protocol 0.
    equal(NETLINK, 0, 4),
    load(ARGUMENT(2)),
    equal(0, 0, 1),
    ALLOW,
    fail(EAFNOSUPPORT),
    ...SOCKET_FAMILIES.filter((family) => family !== NETLINK).flatMap((family) => [
      equal(family, 0, 1),
      ALLOW,
    ]),
    fail(EAFNOSUPPORT),
  ];
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, yes, no, value], i) => {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(yes, i * 8 + 2);
    bytes.writeUInt8(no, i * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, i * 8 + 4);
  });
  return bytes;
}
