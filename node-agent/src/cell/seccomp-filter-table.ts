/** Numbers of one call on x64 and arm64 (each architecture's unistd table); null where it has none. */
type Numbers = readonly [x64: number | null, arm64: number | null];

/** From 424 on a call has the same number everywhere. */
const shared = (number: number): Numbers => [number, number];

/** What no cell may call, whatever its arguments: answered with EPERM. */
export const DENIED_CALLS: Readonly<Record<string, Numbers>> = {
  // Other processes, and what they hold.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: shared(440),
  kcmp: [312, 272],
  pidfd_getfd: shared(438),
  migrate_pages: [256, 238],
  move_pages: [279, 239],

  // Large parts of the kernel that no trial needs.
  bpf: [321, 280],
  userfaultfd: [323, 282],
  perf_event_open: [298, 241],
  io_uring_setup: shared(425),
  io_uring_enter: shared(426),
  io_uring_register: shared(427),
  vmsplice: [278, 75],
  personality: [135, 92],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  syslog: [103, 116],
  modify_ldt: [154, null],
  iopl: [172, null],
  ioperm: [173, null],
  uselib: [134, null],
  _sysctl: [156, null],
  sysfs: [139, null],
  ustat: [136, null],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, null],
  query_module: [178, null],
  get_kernel_syms: [177, null],

  // Keyrings belong to a uid and outlive the cell.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],

  // New namespaces and mounts, files by handle instead of by path.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: shared(428),
  move_mount: shared(429),
  fsopen: shared(430),
  fsconfig: shared(431),
  fsmount: shared(432),
  fspick: shared(433),
  mount_setattr: shared(442),
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  fanotify_mark: [301, 263],
  quotactl: [179, 60],
  quotactl_fd: shared(443),

  // Memory that no process holds, so that no limit of a process counts it, and memory that no observer can read.
  shmget: [29, 194],
  shmat: [30, 196],
  shmctl: [31, 195],
  shmdt: [67, 197],
  semget: [64, 190],
  semop: [65, 193],
  semctl: [66, 191],
  semtimedop: [220, 192],
  msgget: [68, 186],
  msgsnd: [69, 189],
  msgrcv: [70, 188],
  msgctl: [71, 187],
  mq_open: [240, 180],
  mq_unlink: [241, 181],
  mq_timedsend: [242, 182],
  mq_timedreceive: [243, 183],
  mq_notify: [244, 184],
  mq_getsetattr: [245, 185],
  memfd_secret: shared(447),

  // The machine as a whole.
  swapon: [167, 224],
  swapoff: [168, 225],
  reboot: [169, 142],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  acct: [163, 89],
  vhangup: [153, 58],
  sethostname: [170, 161],
  setdomainname: [171, 162],
};

/** Calls that are judged by their arguments. */
export const JUDGED_CALLS = {
  clone: [56, 220],
  clone3: [435, 435],
  socket: [41, 198],
  socketpair: [53, 199],
  ioctl: [16, 29],
  prctl: [157, 167],
  prlimit64: [302, 261],
} as const satisfies Readonly<Record<string, readonly [x64: number, arm64: number]>>;

/** The first call (open_tree_attr) that this table does not know: it and all later ones are not there. */
export const FIRST_UNKNOWN_CALL = 467;
