import { terminalLine, type Study } from "@redline/shared";

/** What a study asks of the nodes, a line for each device that asks for anything; for people. */
export function deviceNeeds({ devices, priority }: Study): string[] {
  const lines = (["origin", "target"] as const).flatMap((device) => {
    const { labels, gpus, memoryMiB } = devices[device];
    const wants = [
      ...Object.entries(labels).map(([name, value]) => `${name}=${terminalLine(value, 100)}`),
      ...(gpus === undefined ? [] : [gpuText(gpus)]),
      ...(memoryMiB === undefined ? [] : [`${memoryMiB} MiB of memory`]),
    ];
    return wants.length === 0 ? [] : [`${device} needs a node with ${wants.join(", ")}`];
  });
  return priority === 0
    ? lines
    : [...lines, `priority ${priority}: ${PRIORITY[Math.sign(priority) + 1] ?? ""}`];
}
const PRIORITY = ["studies of a higher one go first", "", "goes before studies of a lower one"];

function gpuText({ count, memoryMiB, model }: NonNullable<Study["devices"]["origin"]["gpus"]>): string {
  const of = model === undefined ? "" : ` of "${terminalLine(model, 120)}"`;
  const each = memoryMiB === undefined ? "" : ` with ${memoryMiB} MiB or more${count === 1 ? "" : " each"}`;
  return `${count} ${count === 1 ? "GPU" : "GPUs"}${of}${each}`;
}
