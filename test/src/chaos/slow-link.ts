import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";

/** How what goes to a port of the bridge can be slowed here. */
export type SlowMeans = "netem" | "tbf" | "none";

const FULL_PACKET_BITS = 12_000;
/** Slower than this the bus itself would be cut. */
const SLOWEST_KBIT = 64;

/** `tc`'s words: `netem` delays each packet; `tbf` is a link so narrow that a full packet takes that long, and a queue before it. */
export function slowWords(means: Exclude<SlowMeans, "none">, delayMs: number): readonly string[] {
  if (means === "netem") return ["netem", "delay", `${delayMs}ms`];
  const kbit = Math.max(SLOWEST_KBIT, Math.floor(FULL_PACKET_BITS / delayMs));
  return ["tbf", "rate", `${kbit}kbit`, "burst", "1600", "latency", "2000ms"];
}

/** The ports' own queues in the lab's outermost network namespace; `tc` lies beside `ip`. */
export class SlowLink {
  readonly means: SlowMeans;
  readonly #tc: string;

  /** Tries on the lab's bridge what this kernel has. */
  constructor(ip: string, tryOn = "br0") {
    this.#tc = join(dirname(ip), "tc");
    const works = (means: Exclude<SlowMeans, "none">) => {
      const took = this.#run(["qdisc", "add", "dev", tryOn, "root", ...slowWords(means, 50)]);
      if (took) this.undo(tryOn);
      return took;
    };
    this.means = works("netem") ? "netem" : works("tbf") ? "tbf" : "none";
  }

  /** @returns whether it could. */
  slow(device: string, delayMs: number): boolean {
    if (this.means === "none") return false;
    return this.#run(["qdisc", "add", "dev", device, "root", ...slowWords(this.means, delayMs)]);
  }

  undo(device: string): void {
    this.#run(["qdisc", "del", "dev", device, "root"]);
  }

  /** Packets that went through the port's queue since it was made. */
  packets(device: string): number {
    try {
      const text = execFileSync(this.#tc, ["-s", "qdisc", "show", "dev", device], { encoding: "utf8" });
      return Number(/Sent \d+ bytes (\d+) pkt/.exec(text)?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  #run(args: readonly string[]): boolean {
    try {
      execFileSync(this.#tc, args, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }
}
