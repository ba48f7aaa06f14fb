import {
  GPU_FOLDERS,
  initArguments,
  MASKED_FILES,
  MASKED_FOLDERS,
  writableMounts,
} from "../cell/bwrap-arguments.ts";
import { CELL } from "../cell/cell-layout.ts";
import type { CellTools } from "../cell/cell-tools.ts";
import type { CellPaths } from "../cell/cell-files.ts";
import type { CellSpec } from "../cell/cell.ts";
import { NETNS_FOLDER, type LinkPlan } from "../cell/link-plan.ts";
import { CellError } from "../cell/cell-error.ts";
import { GATE, PLANT_TAR } from "./gate.ts";
import { LABEL, type EngineName } from "./engine.ts";
import type { UserMap } from "./user-map.ts";

export interface RunInput {
  readonly engine: EngineName;
  readonly name: string;
  readonly image: string;
  /** Podman: where the image is mounted. */
  readonly root: string | undefined;
  readonly spec: CellSpec;
  readonly plan: LinkPlan;
  readonly tools: CellTools;
  readonly files: CellPaths;
  /** Path of the system call profile. */
  readonly profile: string;
  /** Path of the specimen's tar, undefined without a specimen. */
  readonly plant: string | undefined;
  readonly map: UserMap;
  /** Podman's runtime can do without a cgroup of its own: the limits are held by ours. */
  readonly withoutCgroup: boolean;
  /** Words for init's `ulimit`. */
  readonly rlimits: readonly string[];
}

/** The engine's `run` with the cell's whole view, and init behind its gate. @throws CellError "bad-spec" */
export function runArguments(input: RunInput): string[] {
  const { engine, name, image, root, spec, plan, files } = input;
  const podman = engine === "podman";
  const sizes = new Map(writableMounts(spec).map(({ path, bytes }) => [path, bytes]));
  const tmpfs = (at: string, mode: string) => [
    ...["--tmpfs", `${at}:rw,exec,nosuid,nodev,size=${sizes.get(at) ?? 65_536},mode=${mode}`],
  ];
  return [
    ["run", "--rm", "-i", "--init=false", "--pull", "never", "--log-driver", "none", "--sig-proxy=false"],
    ["--name", name, "--label", `${LABEL}=${spec.id}`, "--hostname", spec.hostname],
    [
      "--cap-drop",
      "all",
      "--security-opt",
      "no-new-privileges",
      "--security-opt",
      `seccomp=${input.profile}`,
    ],
    [
      "--oom-score-adj",
      "500",
      "--user",
      `${CELL.uid}:${CELL.uid}`,
      "--ipc",
      "private",
      "--read-only",
      "--workdir",
      "/",
    ],
    // Joined, not made: a network namespace of the host's own user namespace, as bubblewrap's cells have. Docker cannot.
    ["--network", podman ? `ns:${NETNS_FOLDER}/${plan.netns}` : "none"],
    // Docker switches IPv6 off there; the guard inside is to see it tried.
    podman ? podmanOnly(input) : ["--sysctl", "net.ipv6.conf.all.disable_ipv6=0"],

    [...tmpfs("/tmp", "1777"), ...tmpfs("/run", "0755"), ...tmpfs(CELL.home, "0755")],
    ["--shm-size", `${sizes.get("/dev/shm") ?? 65_536}b`],
    // What the kernel says of devices and drivers is no business of a cell.
    [
      "--mount",
      podman
        ? "type=tmpfs,dst=/sys,ro=true,tmpfs-size=4096"
        : "type=tmpfs,dst=/sys,tmpfs-size=4096,tmpfs-mode=0555",
    ],
    ...["passwd", "group", "nsswitch.conf", "hosts", "hostname", "ssh"].map((file) =>
      bind(`${files.etc}/${file}`, `/etc/${file}`),
    ),
    bind(files.init, CELL.init),
    bind(files.initScript, CELL.initScript),
    bind(process.execPath, `${CELL.bin}/node`),
    input.plant === undefined ? [] : bind(input.plant, PLANT_TAR),
    ...[...spec.readOnlyBinds, ...spec.socketBinds].map(({ from, to }) => bind(from, to)),
    ...weightBinds(spec),
    gpuArguments(engine, spec.gpus ?? []),

    ["--entrypoint", CELL.init, ...(root === undefined ? [image] : ["--rootfs", `${root}:O`])],
    ["-c", GATE, "gate", String(Math.ceil((spec.heartbeatMs ?? 5_000) / 1_000))],
    [input.plant === undefined ? "" : PLANT_TAR, spec.plant?.to ?? ""],
    [CELL.init, CELL.initScript, ...initArguments(input)],
  ].flat();
}

/** Docker's own choices are the same, or its daemon's to make. */
function podmanOnly({ map, spec, withoutCgroup }: RunInput): string[] {
  const shown = (spec.gpus ?? []).length === 0 ? [] : GPU_FOLDERS;
  const masked = [...MASKED_FILES, ...MASKED_FOLDERS.filter((name) => !shown.includes(name))];
  return [
    // In a lab of one id the runtime's own /dev would be the cell's user's.
    ["--mount", "type=tmpfs,dst=/dev,ro=true,tmpfs-size=65536,tmpfs-mode=0755"],
    ["--read-only-tmpfs=false", "--no-hosts", "--dns", "none", "--passwd=false", "--http-proxy=false"],
    ["--unsetenv-all", "--security-opt", `mask=${masked.map((name) => `/proc/${name}`).join(":")}`],
    map.flatMap(({ inside, host }) => [
      ...["--uidmap", `${inside}:${host}:1`, "--gidmap", `${inside}:${host}:1`],
    ]),
    withoutCgroup ? ["--cgroups", "disabled"] : ["--cgroupns", "private"],
  ].flat();
}

function weightBinds({ plant }: CellSpec): string[][] {
  if (plant === undefined) return [];
  return plant.weights.map((path) =>
    bind(plant.weightsFrom?.[path] ?? `${plant.from}/${path}`, `${plant.to}/${path}`),
  );
}

/** Only what was placed. An image may ask its runtime for all of them by its environment: overruled here. */
function gpuArguments(engine: EngineName, gpus: readonly number[]): string[] {
  if (gpus.length === 0) return ["--env", "NVIDIA_VISIBLE_DEVICES=void"];
  if (engine === "docker") return ["--gpus", `"device=${gpus.join(",")}"`];
  return gpus.flatMap((index) => ["--device", `nvidia.com/gpu=${index}`]);
}

/** Engines read this option as a line of CSV. */
function bind(from: string, to: string): string[] {
  for (const path of [from, to])
    if (/[,"\n]/.test(path))
      throw new CellError("bad-spec", `bind: ${path} has a comma, a quote or a line break`);
  return ["--mount", `type=bind,src=${from},dst=${to},readonly`];
}
