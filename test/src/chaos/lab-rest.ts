import type { ChaosLab } from "./chaos-lab.ts";
import { more } from "./host-picture.ts";

const QUIET_MS = 45_000;
/** A look walks all of `/proc`. */
const LOOK_MS = 400;
/** The second looks of the daemons are over so long after the last cell is gone. */
const SECOND_LOOKS_MS = 2500;

/** What a lab is like when nothing runs in it: learned after the undisturbed run, and asked for after each other one. */
export class LabRest {
  readonly #lab: ChaosLab;
  #pictures: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(lab: ChaosLab) {
    this.#lab = lab;
  }

  /** Waits until no cell is left; then what each host is like is what it must be after each run. @throws a timeout */
  async learn(): Promise<void> {
    const { cells, plan } = this.#lab;
    if (!(await comes(() => cells.areGone()))) throw new Error("cells are left after the undisturbed run");
    await pause(SECOND_LOOKS_MS);
    this.#pictures = new Map(plan.hosts.map((host) => [host, cells.picture(host)]));
  }

  /** What is on the hosts that was not there then, and parts that are away or take no work; waits a while until that is nothing. */
  async left(): Promise<string[]> {
    const { cells, plan } = this.#lab;
    let left: string[] = [];
    await comes(async () => {
      const hosts = plan.hosts.flatMap((host) =>
        more(this.#pictures.get(host) ?? [], cells.picture(host)).map((line) => `${host}: ${line}`),
      );
      left = [...hosts, ...(await this.#lab.away())];
      return left.length === 0;
    });
    return left;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function comes(look: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + QUIET_MS; performance.now() < deadline; await pause(LOOK_MS))
    if (await look()) return true;
  return false;
}
