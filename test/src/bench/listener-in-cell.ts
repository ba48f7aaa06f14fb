import { createServer, type AddressInfo, type Server } from "node:net";
import { createInterface } from "node:readline";

/**
 * Runs in the benchmark's cell, one command a line: `open` listens at a random time within 200 ms and says `PORT MS`, the time right
 * after `listen` by the monotonic clock which all processes of a machine share; `close` ends it; `hold N` opens N more for good.
 */
const held: Server[] = [];
let open: Server | null = null;
const listen = (then: (port: number) => void): Server => {
  const server = createServer();
  return server.listen(0, "127.0.0.1", () => {
    const address: AddressInfo | string | null = server.address();
    if (typeof address === "object" && address !== null) then(address.port);
  });
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, count] = line.split(" ");
  if (what === "close") open?.close();
  if (what === "hold") {
    let left = Number(count);
    for (let i = left; i > 0; i -= 1)
      held.push(
        listen(() => {
          left -= 1;
          if (left === 0) console.log("held");
        }),
      );
  }
  if (what === "open")
    setTimeout(() => {
      open = listen((port) => console.log(`${port} ${Number(process.hrtime.bigint()) / 1e6}`));
    }, Math.random() * 200);
});
console.log("up");
