import { readFileSync } from "node:fs";

/**
 * Loaded into a daemon by `NODE_OPTIONS=--import`: its wall clock is off by what a control file says, in ms, looked up ten times a
 * second. Monotonic clocks stay right, as they do when somebody steps a machine's clock.
 */
const folder = process.env["CHAOS_CLOCKS"];
const RealDate = Date;
let shiftMs = 0;

if (folder !== undefined) {
  const path = `${folder}/${process.env["REDLINE_NODE"] ?? process.env["REDLINE_COORDINATOR_NAME"] ?? "coordinator"}`;
  const look = () => {
    try {
      shiftMs = Number(readFileSync(path, "utf8")) || 0;
    } catch {
      shiftMs = 0;
    }
  };
  look();
  setInterval(look, 100).unref();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) => {
      const made: unknown = Reflect.construct(
        target,
        args.length === 0 ? [target.now() + shiftMs] : args,
        newTarget,
      );
      return made instanceof RealDate ? made : new RealDate(Number.NaN);
    },
    apply: () => new RealDate(RealDate.now() + shiftMs).toString(),
    get: (target, name, receiver): unknown =>
      name === "now" ? () => target.now() + shiftMs : Reflect.get(target, name, receiver),
  });
}
