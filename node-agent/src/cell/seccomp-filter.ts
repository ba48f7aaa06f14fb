import { DENIED_CALLS, FIRST_UNKNOWN_CALL, JUDGED_CALLS } from "./seccomp-filter-table.ts";

/** Column of the table, and AUDIT_ARCH_* of linux/audit.h. */
const ARCHES: Readonly<Record<string, { readonly column: 0 | 1; readonly audit: number }>> = {
  x64: { column: 0, audit: 0xc000003e },
  arm64: { column: 1, audit: 0xc00000b7 },
};

const EPERM = 1;
const ENOSYS = 38;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW_ANY = 0x7e020000;
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
/** Without SOCK_NONBLOCK and SOCK_CLOEXEC. */
const SOCKET_TYPE = 0xf;
const STREAM = 1;
const DATAGRAM = 2;
/** "The usual", TCP, UDP. Programs that ask for MPTCP take TCP when it is not there. */
const IP_PROTOCOLS = [0, 6, 17];
/** TIOCSTI types into a terminal, TIOCLINUX pastes into one, TIOCSETD loads kernel code for it. */
const DENIED_IOCTLS = [0x5412, 0x541c, 0x5423];
const PR_SET_MM = 35;
const X32_BIT = 0x40000000;

/** Offsets in struct seccomp_data; arguments by their low half (both architectures are little-endian, and the kernel takes these as 32 bits). */
const NR = 0;
const ARCH = 4;
const ARGUMENT = (n: number) => 16 + 8 * n;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const mask = (value: number): Instruction => [0x54, 0, 0, value];
const ret = (value: number): Instruction => [0x06, 0, 0, value];
const equal = (value: number, yes: number, no: number): Instruction => [0x15, yes, no, value];
const atLeast = (value: number, yes: number, no: number): Instruction => [0x35, yes, no, value];
const anyBit = (value: number, yes: number, no: number): Instruction => [0x45, yes, no, value];
const ALLOW = ret(0x7fff0000);
const KILL = ret(0x80000000);
const fail = (errno: number) => ret(0x00050000 | errno);

/** The body, which must return, is run when the loaded word has this value; at most 255 instructions. */
const when = (value: number, body: readonly Instruction[]): Instruction[] => [
  equal(value, 0, body.length),
  ...body,
];
const oneOf = (values: readonly number[], otherwise: Instruction): Instruction[] => [
  ...values.flatMap((value) => when(value, [ALLOW])),
  otherwise,
];
const noneOf = (values: readonly number[]): Instruction[] => [
  ...values.flatMap((value) => when(value, [fail(EPERM)])),
  ALLOW,
];

/** Families that a trial needs, and of the internet's only TCP and UDP: nothing raw, and netlink for routes alone (libc lists interfaces with it). */
const SOCKET: readonly Instruction[] = [
  load(ARGUMENT(0)),
  ...when(AF.unix, [ALLOW]),
  ...when(AF.netlink, [load(ARGUMENT(2)), ...oneOf([0], fail(EAFNOSUPPORT))]),
  equal(AF.inet, 2, 0),
  equal(AF.inet6, 1, 0),
  fail(EAFNOSUPPORT),
  load(ARGUMENT(1)),
  mask(SOCKET_TYPE),
  equal(STREAM, 2, 0),
  equal(DATAGRAM, 1, 0),
  fail(EPERM),
  load(ARGUMENT(2)),
  ...oneOf(IP_PROTOCOLS, fail(EPROTONOSUPPORT)),
];

type Judged = keyof typeof JUDGED_CALLS;
const JUDGEMENTS: readonly (readonly [call: Judged, body: readonly Instruction[]])[] = [
  ["clone", [load(ARGUMENT(0)), anyBit(CLONE_NEW_ANY, 0, 1), fail(EPERM), ALLOW]],
  // Hides its flags behind a pointer; without it libc falls back to clone.
  ["clone3", [fail(ENOSYS)]],
  ["socket", SOCKET],
  ["socketpair", [load(ARGUMENT(0)), ...oneOf([AF.unix], fail(EAFNOSUPPORT))]],
  ["ioctl", [load(ARGUMENT(1)), ...noneOf(DENIED_IOCTLS)]],
  ["prctl", [load(ARGUMENT(0)), ...noneOf([PR_SET_MM])]],
  // init has the agent's uid: its limits must not be the agent's to set. Only one's own, by pid 0.
  ["prlimit64", [load(ARGUMENT(0)), ...oneOf([0], fail(EPERM))]],
];

/**
 * The system calls a cell may not make, as a classic BPF program for `bwrap --seccomp`: the program's bytes (struct
 * sock_filter, little-endian). A deny list on top of "no capabilities, own namespaces": it closes what those leave open,
 * above all AF_VSOCK (the road from a VM to its hypervisor), other people's memory (ptrace and kin) and new user
 * namespaces (kernel surface, and a way out of our census). Calls newer than the table are denied as a whole.
 * @throws RangeError on an architecture that has no table: no filter, no cell.
 */
export function seccompFilter(arch: string = process.arch): Buffer {
  const known = ARCHES[arch];
  if (known === undefined) throw new RangeError(`no seccomp table for ${arch}`);
  const { column, audit } = known;
  const program: Instruction[] = [
    load(ARCH),
    equal(audit, 1, 0),
    KILL,
    load(NR),
    // The x32 table would be a second way to every call.
    atLeast(X32_BIT, 0, 1),
    KILL,
    atLeast(FIRST_UNKNOWN_CALL, 0, 1),
    fail(ENOSYS),
    ...Object.values(DENIED_CALLS)
      .map((numbers) => numbers[column])
      .filter((number) => number !== null)
      .flatMap((number) => when(number, [fail(EPERM)])),
    ...JUDGEMENTS.flatMap(([call, body]) => when(JUDGED_CALLS[call][column], body)),
    ALLOW,
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
