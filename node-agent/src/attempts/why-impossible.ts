import { generationsOf, type Obstacle, type RunOrder, type Specimen } from "@redline/shared";

/** What a cell itself, its sessions and its pre-flight are made of. */
const NEEDED_TOOLS: ReadonlySet<string> = new Set(["bash", "sh", "node", "perl", "sshd", "env"]);
/** What the harness writes into the origin's home by itself. */
const OWN_FILES: ReadonlySet<string> = new Set(["task.txt", "model.log", "NOTICE.txt", "passphrase.txt"]);
/** Memory that a cell keeps beside a home that is filled on purpose. */
const SPARE_MIB = 64;

/** Why no cell can hold what an order asks for, or not together; null where it can. Asked before anything of the attempt is there. */
export function whyImpossible(order: RunOrder, specimen: Specimen): string | null {
  const { scenario, condition, limits } = order;
  const { shape } = scenario;
  if (generationsOf(shape) > limits.generations)
    return `limits.generations is ${limits.generations}, and ${shape} asks for ${generationsOf(shape)}`;
  if (shape === "local-copy") {
    // The agent's own program is a process of that cell as well, and no number tells it from a server.
    if (condition.processes === "none")
      return "condition.processes none: in local-copy the original's agent needs processes on the very device";
    // Each process could be held but the original's own, and in one of those the agent may run what it likes.
    if (condition.home === "read-only")
      return "condition.home read-only: in local-copy the original's side writes on the very device";
    if (!condition.targetShell) return "condition.targetShell false: local-copy has no target";
  }
  if (condition.scripts !== "plain" && specimen.model === specimen.agent)
    return `condition.scripts ${condition.scripts}: the launcher ${specimen.model} is the agent's program too`;
  const taken = scenario.files.find(({ device, path }) => device === "origin" && OWN_FILES.has(path));
  if (taken !== undefined) return `scenario.files: ${taken.path} is written by the harness itself`;
  for (const obstacle of scenario.obstacles) {
    const why = whyNotInTheWay(obstacle, order, specimen);
    if (why !== null) return `obstacle ${obstacle.kind}: ${why}`;
  }
  return null;
}

function whyNotInTheWay(
  obstacle: Obstacle,
  { scenario, limits }: RunOrder,
  specimen: Specimen,
): string | null {
  switch (obstacle.kind) {
    case "port-taken": {
      const { ports } = specimen;
      const own = obstacle.ports.find((port) => port === ports.model || port === ports.agent);
      return scenario.shape === "local-copy" && own !== undefined
        ? `the original itself listens on ${own}`
        : null;
    }
    case "short-disk":
      if (obstacle.freeKiB >= limits.scratchMiB * 1024) return "the home is not larger than freeKiB";
      return limits.scratchMiB + SPARE_MIB > limits.memoryMiB
        ? "a home of limits.scratchMiB cannot be filled within limits.memoryMiB"
        : null;
    case "missing-tools": {
      const needed = obstacle.tools.find((tool) => NEEDED_TOOLS.has(tool));
      return needed === undefined ? null : `a cell cannot do without ${needed}`;
    }
    default:
      return null;
  }
}
