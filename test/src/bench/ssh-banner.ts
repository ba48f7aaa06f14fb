import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const LIMIT_MS = 20_000;

/** Waits until an SSH server says who it is: what a client would see first. @throws Error when it has not within 20 s. */
export async function sshBanner(host: string, port: number): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await says(host, port))) {
    if (performance.now() > deadline) throw new Error(`no SSH server at ${host} port ${port}`);
    await delay(1);
  }
}

function says(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const over = (heard: boolean) => {
      socket.destroy();
      resolve(heard);
    };
    socket.once("data", (chunk) => over(chunk.toString("latin1").startsWith("SSH-")));
    socket.once("error", () => over(false));
    socket.once("end", () => over(false));
  });
}
