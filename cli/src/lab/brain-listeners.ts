import { connect, createServer } from "node:net";
import { z } from "zod";
import { joinSockets } from "./join-sockets.ts";

/**
 * A program of one lab host, started by its init where `--brain-url` was given: listens on the host's own loopback, where a study says
 * that the model server is, and leads each connection to the socket that the command holds outside the lab. Cells have a loopback of
 * their own and cannot come here. Ends with its host. Argument: JSON array of { host, port, socketPath }.
 */
const relaysSchema = z
  .array(
    z.strictObject({
      host: z.ipv4().startsWith("127."),
      port: z.int().min(1).max(65_535),
      socketPath: z.string(),
    }),
  )
  .min(1);
const MOST_CONNECTIONS = 64;

for (const { host, port, socketPath } of relaysSchema.parse(JSON.parse(process.argv[2] ?? "null"))) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    joinSockets(socket, connect({ path: socketPath, allowHalfOpen: true }));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen({ host, port });
}
