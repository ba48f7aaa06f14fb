import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { eachOf, leaderCaller } from "./leader-call.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Answers every request so, and keeps what it was asked. */
async function coordinator(answer: () => { status: number; text: string } | "hang up") {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method ?? "");
    const said = answer();
    if (said === "hang up") request.socket.destroy();
    else response.writeHead(said.status).end(said.text);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, asked };
}
const standby = { status: 503, text: '{"error":"this is the standby","leader":"coordinator"}' };
const ok = (text: string) => ({ status: 200, text });
const call = (method: string) => ({ method, path: "/x", timeoutMs: 5000 });

it("takes a list of URLs apart, and leaves one as it is", () => {
  expect(eachOf({ url: "http://a:1, http://b:2", token: "t" })).toEqual([
    { url: "http://a:1", token: "t" },
    { url: "http://b:2", token: "t" },
  ]);
  expect(eachOf({ socketPath: "/s" })).toEqual([{ socketPath: "/s" }]);
});

it("reads from any, and changes through the one that leads, which is asked first from then on", async () => {
  const a = await coordinator(() => standby);
  const b = await coordinator(() => ok("done"));
  const send = leaderCaller({ url: `${a.url},${b.url}` });
  expect((await send(call("GET"))).status).toBe(503);
  expect((await send(call("POST"))).text).toBe("done");
  expect((await send(call("POST"))).text).toBe("done");
  expect([a.asked, b.asked]).toEqual([
    ["GET", "POST"],
    ["POST", "POST"],
  ]);
});

it("waits for the standby to take over", async () => {
  let leads = false;
  const a = await coordinator(() => (leads ? ok("took over") : standby));
  const send = leaderCaller({ url: `http://127.0.0.1:1,${a.url}` });
  const answer = send(call("POST"));
  setTimeout(() => (leads = true), 100);
  expect((await answer).text).toBe("took over");
});

it("does not send a change twice that one of them may have taken", async () => {
  const a = await coordinator(() => "hang up");
  const b = await coordinator(() => ok("done"));
  const send = leaderCaller({ url: `${a.url},${b.url}` });
  await expect(send(call("POST"))).rejects.toThrow("cannot be reached");
  expect(b.asked).toEqual([]);
  expect((await send(call("GET"))).text).toBe("done");
});
