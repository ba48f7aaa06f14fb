import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunOrder } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import type { EventOf } from "./child-event.ts";
import { startChild } from "./child-program.ts";
import type { HandPlace } from "./hand-place.ts";

/** A broker that is held in the caller's own network, for a brain that is asked over one. */
export interface OutsideBrain {
  readonly label: string;
  readonly socketPath: string;
  readonly token: string;
  /** Ends it and says what was asked. Safe more than once. */
  close(): Promise<EventOf<"used"> | null>;
}

/**
 * Starts the holder and waits until its socket is there. The cell's network keeps no way out: it is given the socket's file, and the
 * address and key stay with the holder.
 * @throws CliError with the holder's reason.
 */
export async function holdOutside(
  place: HandPlace,
  wanted: { readonly order: RunOrder; readonly url: string; readonly keyDir: string | undefined },
): Promise<OutsideBrain> {
  const dir = join(place.folder, "b");
  await mkdir(dir, { mode: 0o711 });
  const socketPath = join(dir, "brain.sock");
  const token = randomBytes(24).toString("hex");
  const { order, url, keyDir } = wanted;
  const plan = {
    ...{ order, socketPath, token, allowed: [url] },
    ...(keyDir === undefined ? {} : { keyDir }),
  };
  const planPath = await place.putOwn("brain.json", JSON.stringify(plan));
  let used: EventOf<"used"> | null = null;
  let complaint = "";
  let holder: ReturnType<typeof startChild> | null = null;
  const label = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new CliError(EXIT.usage, `the brain could not be opened: ${why}`, { remedy: "look at --brain" }),
      );
    holder = startChild(place.brainProgram(planPath), (event) => {
      if (event.event === "brain") resolve(event.label);
      if (event.event === "used") used = event;
      if (event.event === "failed") fail(event.text);
    });
    holder.stdout.resume();
    holder.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-500)));
    void holder.ended.then(() => fail(`its program ended ${complaint}`));
  });
  await place.handOver(socketPath);
  return {
    label,
    socketPath,
    token,
    async close() {
      holder?.stop();
      const timer = setTimeout(() => holder?.kill(), 5000);
      await holder?.ended;
      clearTimeout(timer);
      return used;
    },
  };
}
